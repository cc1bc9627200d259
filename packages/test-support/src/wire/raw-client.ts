import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { uint } from "./fields.ts";
import { contentFrames, headerTable, methodFrame, type Properties, publishFrame, shortString } from "./frames.ts";

/** Where a message is published, and its bytes. */
export interface RawMessage {
  readonly exchange?: string;
  readonly routingKey: string;
  readonly properties: Properties;
  readonly body: Buffer;
}

const connectionClose = methodKey(10, 50);
const channelClose = methodKey(20, 40);
const basicAck = methodKey(60, 80);
const basicNack = methodKey(60, 120);

/**
 * A client on a socket that writes any bytes: no library stands between a test and the broker. Publishes with confirms, one
 * message after the other; the broker ends the connection over what it cannot read, and the client opens another.
 */
export class RawClient {
  readonly #url: URL;
  #connection: RawConnection | null = null;

  constructor(url: string) {
    this.#url = new URL(url);
  }

  /** Whether the broker has taken it; false where it has ended the connection over it. */
  async publish(message: RawMessage): Promise<boolean> {
    this.#connection ??= await RawConnection.open(this.#url);
    const isTaken = await this.#connection.publish(message);
    if (!isTaken) this.close();
    return isTaken;
  }

  close(): void {
    this.#connection?.close();
    this.#connection = null;
  }
}

class RawConnection {
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #published = 0;
  #confirmed = 0;
  #isEnded = false;
  #notify: () => void = () => {};
  readonly #methods: number[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", () => this.#end());
    socket.on("close", () => this.#end());
  }

  static async open(url: URL): Promise<RawConnection> {
    const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    await once(socket, "connect");
    const connection = new RawConnection(socket);
    const login = `\0${decodeURIComponent(url.username)}\0${decodeURIComponent(url.password)}`;
    socket.write(Buffer.from("AMQP\0\0\u0009\u0001", "latin1"));
    await connection.#method(10, 10);
    const startOk = [
      headerTable(Buffer.alloc(0)),
      shortString("PLAIN"),
      headerTable(Buffer.from(login)),
      shortString("en_US"),
    ];
    socket.write(methodFrame(0, 10, 11, ...startOk));
    await connection.#method(10, 30);
    const vhost = decodeURIComponent(url.pathname.slice(1)) || "/";
    socket.write(methodFrame(0, 10, 31, uint(2, 2047), uint(4, 131_072), uint(2, 0)));
    socket.write(methodFrame(0, 10, 40, shortString(vhost), shortString(""), Buffer.of(0)));
    await connection.#method(10, 41);
    socket.write(Buffer.concat([methodFrame(1, 20, 10, shortString("")), methodFrame(1, 85, 10, Buffer.of(0))]));
    await connection.#method(85, 11);
    return connection;
  }

  async publish({ exchange = "", routingKey, properties, body }: RawMessage): Promise<boolean> {
    this.#published += 1;
    const own = this.#published;
    this.#socket.write(Buffer.concat([publishFrame(1, exchange, routingKey), contentFrames(1, properties, body)]));
    while (this.#confirmed < own && !this.#isEnded) await new Promise<void>((resolve) => (this.#notify = resolve));
    return this.#confirmed >= own;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #method(classId: number, methodId: number): Promise<void> {
    while (!this.#methods.includes(methodKey(classId, methodId))) {
      if (this.#isEnded) throw new Error(`The broker ended the connection before method ${classId}.${methodId}`);
      await new Promise<void>((resolve) => (this.#notify = resolve));
    }
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 8) {
      const size = this.#rest.readUInt32BE(3);
      if (this.#rest.length < size + 8) break;
      if (this.#rest[0] === 1) this.#onMethod(this.#rest.subarray(7, 7 + size));
      this.#rest = this.#rest.subarray(size + 8);
    }
    this.#notify();
  }

  #onMethod(payload: Buffer): void {
    const method = payload.readUInt32BE(0);
    this.#methods.push(method);
    if (method === connectionClose || method === channelClose) this.#end();
    // Confirms come in order, singly or up to a tag.
    if (method === basicAck || method === basicNack) this.#confirmed = Number(payload.readBigUInt64BE(4));
  }

  #end(): void {
    this.#isEnded = true;
    this.#socket.destroy();
    this.#notify();
  }
}

function methodKey(classId: number, methodId: number): number {
  return classId * 65_536 + methodId;
}
