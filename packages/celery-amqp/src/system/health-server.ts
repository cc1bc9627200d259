import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { CeleryError } from "../ports/errors.ts";
import type { ProbeAnswer, ProbeServer, ServeProbesOptions } from "../ports/health.ts";

/** Deadlines of a connection in milliseconds, and the most open connections. */
export interface ProbeLimits {
  /** From the connect to the end of the request's head. */
  readonly requestMs: number;
  /** From there to the end of the connection. */
  readonly answerMs: number;
  readonly connections: number;
}

const usualLimits: ProbeLimits = { requestMs: 2_000, answerMs: 30_000, connections: 256 };

/**
 * Serves probes over HTTP, one request per connection, only GET and HEAD. Each connection ends at its deadline. Beyond
 * the limit the oldest connection is closed, so that a probe is always answered.
 *
 * @throws CeleryError `option-invalid` for a port or host that is not available
 */
export async function serveProbes(
  { port, host, page, answer, onFault }: ServeProbesOptions,
  limits: ProbeLimits = usualLimits,
): Promise<ProbeServer> {
  const connections = new Connections(limits);
  const server = createServer({ maxHeaderSize: 8_192, keepAlive: false }, (request, response) => {
    const { method = "", url = "", socket } = request;
    connections.onRequest(socket);
    if (method !== "GET" && method !== "HEAD") {
      respond(response, { status: 405, headers: { allow: "GET, HEAD" }, body: "" });
      return;
    }
    const found = page?.(method, url) ?? null;
    if (found === null) respond(response, answer(method, url));
    else void found.then((read) => respond(response, read));
  });
  server.on("connection", (socket) => connections.add(socket));
  await listen(server, port, host);
  server.on("error", onFault);
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

/** The open connections in their order, each with its deadline. */
class Connections {
  readonly #limits: ProbeLimits;
  readonly #deadlines = new Map<Socket, NodeJS.Timeout>();

  constructor(limits: ProbeLimits) {
    this.#limits = limits;
  }

  add(socket: Socket): void {
    const { requestMs, connections } = this.#limits;
    this.#arm(socket, requestMs);
    socket.once("close", () => {
      clearTimeout(this.#deadlines.get(socket));
      this.#deadlines.delete(socket);
    });
    const [oldest] = this.#deadlines.keys();
    if (this.#deadlines.size > connections) oldest?.destroy();
  }

  onRequest(socket: Socket): void {
    clearTimeout(this.#deadlines.get(socket));
    this.#arm(socket, this.#limits.answerMs);
  }

  #arm(socket: Socket, ms: number): void {
    this.#deadlines.set(socket, setTimeout(() => socket.destroy(), ms).unref());
  }
}

function respond(response: ServerResponse, { status, headers, body }: ProbeAnswer): void {
  response.writeHead(status, { ...headers, connection: "close", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

async function listen(server: Server, port: number, host: string | null): Promise<void> {
  try {
    server.listen({ port, ...(host !== null && { host }) });
    await once(server, "listening");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CeleryError(
      "option-invalid",
      `The health server cannot listen: port ${port}${host === null ? "" : ` of ${host}`} (${reason}). Name a free port of this host.`,
      { cause: error },
    );
  }
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
