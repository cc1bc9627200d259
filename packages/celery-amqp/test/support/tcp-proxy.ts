import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

/** A way between a client and a broker, for a test to break. */
export interface TcpProxy {
  /** The broker's URL, by way of the proxy. */
  readonly url: string;
  readonly port: number;
  /** How many connections go through it now. */
  readonly connections: number;
  /** Resets every connection (RST); new ones get through. */
  cut(): void;
  /** A black hole: nothing passes any more, on connections old and new, and nobody is told. */
  hold(): void;
  /** Resets every connection and refuses new ones. */
  refuse(): Promise<void>;
  /** Lets everything through again, what was held included. */
  resume(): Promise<void>;
  close(): Promise<void>;
}

interface Pair {
  readonly inner: Socket;
  readonly outer: Socket;
}

class Proxy implements TcpProxy {
  readonly #target: URL;
  readonly #tls: TlsOptions | undefined;
  readonly #pairs = new Set<Pair>();
  #server: Server | null = null;
  #port = 0;
  #isHeld = false;

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

  hold(): void {
    this.#isHeld = true;
    for (const pair of this.#pairs) this.#stop(pair);
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
    if (this.#isHeld) for (const pair of this.#pairs) this.#flow(pair);
    this.#isHeld = false;
    if (this.#server === null) await this.listen();
  }

  async close(): Promise<void> {
    await this.refuse();
  }

  #join(outer: Socket): void {
    // Accepted by the system before the port was closed.
    if (this.#server === null) return void outer.destroy();
    const inner = connect({ host: this.#target.hostname, port: Number(this.#target.port), noDelay: true });
    const pair = { inner, outer };
    this.#pairs.add(pair);
    outer.setNoDelay(true);
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      // What one side does to the other's connection is the broken network's own.
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#pairs.delete(pair);
        if (!this.#isHeld) to.destroy();
      });
    }
    if (!this.#isHeld) this.#flow(pair);
  }

  #flow({ inner, outer }: Pair): void {
    inner.pipe(outer);
    outer.pipe(inner);
  }

  #stop({ inner, outer }: Pair): void {
    inner.unpipe(outer);
    outer.unpipe(inner);
    inner.pause();
    outer.pause();
  }
}

/** A proxy in front of the broker at `target`, which has a port; with `tls` it is spoken to by TLS. */
export async function createTcpProxy(target: string, tls?: TlsOptions): Promise<TcpProxy> {
  const proxy = new Proxy(target, tls);
  await proxy.listen();
  return proxy;
}
