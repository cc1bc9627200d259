import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

/** A proxy between a client and a broker, for a test to break. */
export interface TcpProxy {
  /** The broker's URL through the proxy. */
  readonly url: string;
  readonly port: number;
  /** How many connections go through it now. */
  readonly connections: number;
  /** Resets every connection (RST); new ones get through. */
  cut(): void;
  /**
   * A black hole: no bytes pass any more, on old and new connections, without a notice. With a direction only its bytes
   * are lost: a broker that receives and cannot answer, or answers and receives nothing.
   */
  hold(direction?: Direction): void;
  /** Half-open: the broker has lost every connection, whose clients get no notice; new ones get through. */
  halfOpen(): void;
  /** Resets every connection and refuses new ones. */
  refuse(): Promise<void>;
  /** Lets all bytes through again, including delayed ones. */
  resume(): Promise<void>;
  close(): Promise<void>;
}

/** The direction of bytes. */
export type Direction = "to the broker" | "to the client";

interface Pair {
  readonly inner: Socket;
  readonly outer: Socket;
  isHalfOpen: boolean;
}

const DIRECTIONS: readonly Direction[] = ["to the broker", "to the client"];

class Proxy implements TcpProxy {
  readonly #target: URL;
  readonly #tls: TlsOptions | undefined;
  readonly #pairs = new Set<Pair>();
  #server: Server | null = null;
  #port = 0;
  /** The directions that are black holes now. */
  readonly #held = new Set<Direction>();

  constructor(target: string, tls: TlsOptions | undefined) {
    this.#target = new URL(target);
    this.#tls = tls;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    const url = new URL(this.#target);
    url.hostname = "127.0.0.1";
    url.port = String(this.#port);
    return this.#tls === undefined ? url.href : url.href.replace(/^amqp:/, "amqps:");
  }

  get connections(): number {
    return this.#pairs.size;
  }

  async listen(): Promise<void> {
    const join = (outer: Socket) => this.#join(outer);
    const server = this.#tls === undefined ? createServer(join) : createTlsServer(this.#tls, join);
    this.#server = server;
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
  }

  cut(): void {
    for (const { inner, outer } of this.#pairs) {
      if (this.#tls === undefined) outer.resetAndDestroy();
      else outer.destroy();
      inner.destroy();
    }
    this.#pairs.clear();
  }

  hold(direction?: Direction): void {
    const directions = direction === undefined ? DIRECTIONS : [direction];
    for (const way of directions) {
      this.#held.add(way);
      for (const pair of this.#pairs) stop(pair, way);
    }
  }

  halfOpen(): void {
    for (const pair of this.#pairs) {
      for (const way of DIRECTIONS) stop(pair, way);
      pair.isHalfOpen = true;
      pair.inner.destroy();
    }
  }

  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    const closed = server === null ? null : once(server, "close");
    server?.close();
    this.cut();
    await closed;
  }

  async resume(): Promise<void> {
    for (const pair of this.#pairs) {
      if (pair.isHalfOpen) continue;
      if (pair.inner.destroyed || pair.outer.destroyed) this.#drop(pair);
      else for (const way of this.#held) flow(pair, way);
    }
    this.#held.clear();
    if (this.#server === null) await this.listen();
  }

  async close(): Promise<void> {
    await this.refuse();
  }

  #drop(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.inner.destroy();
    pair.outer.destroy();
  }

  #join(outer: Socket): void {
    // Accepted by the system before the port was closed.
    if (this.#server === null) return void outer.destroy();
    const inner = connect({ host: this.#target.hostname, port: Number(this.#target.port), noDelay: true });
    const pair: Pair = { inner, outer, isHalfOpen: false };
    this.#pairs.add(pair);
    outer.setNoDelay(true);
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      // Its end follows, and is what counts.
      from.on("error", () => {});
      from.on("close", () => {
        // A black hole lets no end through either; `resume` passes it on.
        if (this.#held.size > 0 || (pair.isHalfOpen && from === inner)) return;
        this.#pairs.delete(pair);
        to.destroy();
      });
    }
    for (const way of DIRECTIONS) if (!this.#held.has(way)) flow(pair, way);
  }
}

function flow({ inner, outer }: Pair, way: Direction): void {
  if (way === "to the broker") outer.pipe(inner);
  else inner.pipe(outer);
}

function stop({ inner, outer }: Pair, way: Direction): void {
  const [from, to] = way === "to the broker" ? [outer, inner] : [inner, outer];
  from.unpipe(to);
  from.pause();
}

/** A proxy in front of the broker at `target`, which has a port; with `tls` it is spoken to by TLS. */
export async function createTcpProxy(target: string, tls?: TlsOptions): Promise<TcpProxy> {
  const proxy = new Proxy(target, tls);
  await proxy.listen();
  return proxy;
}
