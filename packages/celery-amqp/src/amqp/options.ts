import type { ConnectionOptions } from "node:tls";
import { props } from "@leveret/options";
import { checkOptions, invalidOption } from "../ports/options.ts";
import {
  type AmqpOptions,
  amqpShapes,
  type BackoffOptions,
  brokerShape,
  heartbeatShape,
  type QueueLimit,
} from "../ports/connection.ts";
import { type BrokerAddress, parseAddresses } from "./address.ts";

/** The same, complete and checked. */
export interface ResolvedAmqp {
  readonly addresses: readonly BrokerAddress[];
  readonly tls: ConnectionOptions;
  readonly auth: "plain" | "external";
  readonly connectionName: string;
  readonly heartbeatSeconds: number;
  readonly connectTimeoutMs: number;
  readonly rpcTimeoutMs: number;
  readonly publishTimeoutMs: number;
  readonly confirmTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly maxInFlight: Required<QueueLimit>;
  readonly maxWaiting: Required<QueueLimit>;
  readonly backoff: Required<BackoffOptions>;
}

const owner = "the connection";
const shape = props<AmqpOptions>({ ...amqpShapes, "url*": brokerShape });

/** @throws CeleryError with code `option-invalid`, naming the option. */
export function resolveAmqp(options: AmqpOptions): ResolvedAmqp {
  checkOptions(shape, options, owner);
  const addresses = parseAddresses(options.url);
  assertTlsIsUsed(options, addresses);
  return {
    addresses,
    tls: options.tls ?? {},
    auth: options.auth ?? "plain",
    connectionName: options.connectionName ?? "leveret",
    heartbeatSeconds: heartbeatOf(options.heartbeatSeconds ?? 15, addresses),
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    rpcTimeoutMs: options.rpcTimeoutMs ?? 20_000,
    publishTimeoutMs: options.publishTimeoutMs ?? 30_000,
    confirmTimeoutMs: options.confirmTimeoutMs ?? 10_000,
    closeTimeoutMs: options.closeTimeoutMs ?? 10_000,
    maxInFlight: limitOf(options.maxInFlight, 1_000, 16_000_000),
    maxWaiting: limitOf(options.maxWaiting, 100_000, 128_000_000),
    backoff: backoff(options.backoff),
  };
}

function assertTlsIsUsed({ tls, auth }: AmqpOptions, addresses: readonly BrokerAddress[]): void {
  if (!addresses.some((address) => !address.tls)) return;
  if (tls !== undefined) throw invalidOption(owner, "tls", tls, "Write amqps:// in each URL: amqp:// is not encrypted");
  if (auth === "external") throw invalidOption(owner, "auth", auth, "Write amqps://, and give a certificate in tls");
}

function heartbeatOf(seconds: number, addresses: readonly BrokerAddress[]): number {
  const asked = addresses.find((address) => address.heartbeatSeconds !== null)?.heartbeatSeconds ?? seconds;
  const [wrong] = heartbeatShape(asked);
  if (wrong !== undefined) throw invalidOption(owner, "heartbeatSeconds", asked, wrong.remedy);
  return asked;
}

function limitOf(given: QueueLimit = {}, mostMessages: number, mostBytes: number): Required<QueueLimit> {
  const { messages = mostMessages, bytes = mostBytes } = given;
  return { messages, bytes };
}

function backoff({ minMs = 200, maxMs = 15_000, stableMs = 10_000 }: BackoffOptions = {}): Required<BackoffOptions> {
  if (minMs > maxMs) throw invalidOption(owner, "backoff.minMs", minMs, "Give at most backoff.maxMs");
  return { minMs, maxMs, stableMs };
}
