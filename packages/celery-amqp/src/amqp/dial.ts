import { type ChannelModel, connect, credentials, type Options, type SocketOptions } from "amqplib";
import type { Clock } from "../ports/clock.ts";
import type { BrokerAddress } from "./address.ts";
import { within } from "./deadline.ts";
import { guard } from "./guard.ts";
import { MessageWriter } from "./message-writer.ts";
import { overhear } from "./overheard.ts";
import type { ResolvedAmqp } from "./options.ts";

/** An open connection, and what writes its messages. */
export interface Dialled {
  readonly model: ChannelModel;
  readonly writer: MessageWriter;
}

/**
 * One attempt to connect to one address: TCP, TLS, login, vhost. The socket is destroyed at the deadline if the server
 * accepts and stays silent, and when `stopping` is aborted during the attempt.
 */
export async function dial(
  address: BrokerAddress,
  options: ResolvedAmqp,
  connectionName: string,
  clock: Clock,
  stopping: AbortSignal,
): Promise<Dialled> {
  const hangUp = new AbortController();
  const timeoutMs = options.connectTimeoutMs;
  const expire = () => {
    const error = new Error(`no answer within ${timeoutMs} ms`);
    hangUp.abort(error);
    return error;
  };
  const stop = () => hangUp.abort();
  stopping.addEventListener("abort", stop);
  const target = {
    protocol: address.tls ? "amqps" : "amqp",
    hostname: address.host,
    port: address.port,
    // amqplib decodes it once more.
    vhost: encodeURIComponent(address.vhost),
    heartbeat: options.heartbeatSeconds,
  };
  const socketOptions = {
    ...(address.tls ? options.tls : {}),
    // Two small writes make a publish or an ack; with Nagle's algorithm the second waits 40 ms for the first one's TCP ack.
    noDelay: true,
    keepAlive: true,
    signal: hangUp.signal,
    credentials: credentialsFor(address, options),
    clientProperties: { connection_name: connectionName, product: "leveret" },
  } as SocketOptions;
  return within(clock, timeoutMs, connectGuarded(target, socketOptions), expire).finally(() => {
    // From here on the connection is closed with a goodbye.
    stopping.removeEventListener("abort", stop);
  });
}

/** The guard is installed before the first byte that follows the handshake is read. */
async function connectGuarded(target: Options.Connect, socketOptions: SocketOptions): Promise<Dialled> {
  const { result, closeText, stop } = overhear(() => connect(target, socketOptions));
  const model = await result.catch((error: unknown) => {
    const text = closeText();
    throw text === null ? error : new Error(text, { cause: error });
  });
  stop();
  try {
    guard(model.connection);
    return { model, writer: new MessageWriter(model.connection) };
  } catch (error) {
    await model.close();
    throw error;
  }
}

function credentialsFor(address: BrokerAddress, { auth }: ResolvedAmqp): ReturnType<typeof credentials.external> {
  if (auth === "external") return credentials.external();
  return credentials.plain(address.user, address.password.reveal());
}
