import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CeleryError } from "../ports/errors.ts";
import type { ProbeAnswer, ProbeServer, ServeProbesOptions } from "../ports/health.ts";

/** A probe says all it has to say at once; who does not is let go. */
const requestTimeout = 5_000;

/**
 * Answers probes over HTTP, one a connection.
 *
 * @throws CeleryError `option-invalid` for a port or host that cannot be had
 */
export async function serveProbes({ port, host, page, answer, onFault }: ServeProbesOptions): Promise<ProbeServer> {
  const timeouts = { requestTimeout, headersTimeout: requestTimeout, connectionsCheckingInterval: requestTimeout };
  const server = createServer(timeouts, (request, response) => {
    const { method = "", url = "" } = request;
    const found = page?.(method, url) ?? null;
    if (found === null) respond(response, answer(method, url));
    else void found.then((read) => respond(response, read));
  });
  await listen(server, port, host);
  server.on("error", onFault);
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
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
      `Health cannot be served at port ${port}${host === null ? "" : ` of ${host}`} (${reason}): name one that is free here`,
      { cause: error },
    );
  }
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
