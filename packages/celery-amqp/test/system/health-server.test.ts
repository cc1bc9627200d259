import { connect } from "node:net";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import type { ProbeServer, ServeProbesOptions } from "../../src/ports/health.ts";
import { serveProbes } from "../../src/system/health-server.ts";

const live: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of live.splice(0)) await stop();
});

async function serve(options: Partial<ServeProbesOptions> = {}): Promise<ProbeServer> {
  const answer = (method: string, target: string) => ({
    status: 503,
    headers: { "content-type": "text/plain" },
    body: `${method} ${target} ä`,
  });
  const server = await serveProbes({ port: 0, host: "127.0.0.1", answer, onFault: () => {}, ...options });
  live.push(() => server.close());
  return server;
}

describe("a probe server", () => {
  test("answers what it is told", async () => {
    const { port } = await serve();
    const response = await fetch(`http://127.0.0.1:${port}/readyz?verbose`);
    expect([response.status, await response.text()]).toEqual([503, "GET /readyz?verbose ä"]);
    expect(response.headers.get("content-type")).toBe("text/plain");
  });

  test("asks for pages first, which may take their time", async () => {
    const page = (method: string, target: string) =>
      target === "/metrics" ? Promise.resolve({ status: 200, headers: {}, body: `${method}s` }) : null;
    const { port } = await serve({ page });
    expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toBe("GETs");
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(503);
  });

  test("answers HEAD without a body", async () => {
    const { port } = await serve();
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { method: "HEAD" });
    expect([response.status, await response.text()]).toEqual([503, ""]);
  });

  test("listens at all addresses by default", async () => {
    const { port } = await serve({ host: null });
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(503);
  });

  test("ends at once, though somebody is connected, and twice is once", async () => {
    const server = await serve();
    const socket = connect(server.port, "127.0.0.1");
    await once(socket, "connect");
    const closed = once(socket, "close");
    await Promise.all([server.close(), server.close()]);
    await closed;
    await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow("fetch failed");
  });

  test("says which port it cannot have", async () => {
    const { port } = await serve();
    await expect(serve({ port })).rejects.toMatchObject({
      code: "option-invalid",
      message: expect.stringMatching(new RegExp(`port ${port} of 127.0.0.1 .*EADDRINUSE`)),
    });
    await expect(serve({ host: "192.0.2.1" })).rejects.toMatchObject({ code: "option-invalid" });
  });
});
