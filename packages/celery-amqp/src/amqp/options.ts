import type { ConnectionOptions } from "node:tls";
import { props } from "@leveret/options";
import { type Duration, durationMs } from "../ports/duration.ts";
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
  readonly backoff: BackoffLimits;
}

/** The pauses between attempts. */
export interface BackoffLimits {
  readonly minMs: number;
  readonly maxMs: number;
  readonly stableMs: number;
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
    heartbeatSeconds: heartbeatOf(options.heartbeat ?? 15, addresses),
    connectTimeoutMs: durationMs(options.connectTimeout ?? "10s", "connectTimeout"),
    rpcTimeoutMs: durationMs(options.requestTimeout ?? "20s", "requestTimeout"),
    publishTimeoutMs: durationMs(options.publishTimeout ?? "30s", "publishTimeout"),
    confirmTimeoutMs: durationMs(options.confirmTimeout ?? "10s", "confirmTimeout"),
    closeTimeoutMs: durationMs(options.closeTimeout ?? "10s", "closeTimeout"),
    maxInFlight: limitOf(options.maxInFlight, 1_000, 16_000_000),
    maxWaiting: limitOf(options.maxWaiting, 100_000, 128_000_000),
    backoff: backoffOf(options.backoff),
  };
}

function assertTlsIsUsed({ tls, auth }: AmqpOptions, addresses: readonly BrokerAddress[]): void {
  if (!addresses.some((address) => !address.tls)) return;
  if (tls !== undefined) throw invalidOption(owner, "tls", tls, "Write amqps:// in each URL: amqp:// is not encrypted");
  if (auth === "external") throw invalidOption(owner, "auth", auth, "Write amqps://, and give a certificate in tls");
}

function heartbeatOf(heartbeat: Duration, addresses: readonly BrokerAddress[]): number {
  const asked = addresses.find((address) => address.heartbeatSeconds !== null)?.heartbeatSeconds ?? heartbeat;
  const [wrong] = heartbeatShape(asked);
  if (wrong !== undefined) throw invalidOption(owner, "heartbeat", asked, wrong.remedy);
  return durationMs(asked, "heartbeat") / 1_000;
}

function limitOf(given: QueueLimit = {}, mostMessages: number, mostBytes: number): Required<QueueLimit> {
  const { messages = mostMessages, bytes = mostBytes } = given;
  return { messages, bytes };
}

function backoffOf({ min = "200ms", max = "15s", stable = "10s" }: BackoffOptions = {}): BackoffLimits {
  const minMs = durationMs(min, "backoff.min");
  const maxMs = durationMs(max, "backoff.max");
  if (minMs > maxMs) throw invalidOption(owner, "backoff.min", min, "Give at most backoff.max");
  return { minMs, maxMs, stableMs: durationMs(stable, "backoff.stable") };
}
