import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import type { ProbeServer, ServeProbesOptions } from "../../src/ports/health.ts";
import { type ProbeLimits, serveProbes } from "../../src/system/health-server.ts";

const live: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of live.splice(0)) await stop();
});

async function serve(options: Partial<ServeProbesOptions> = {}, limits?: ProbeLimits): Promise<ProbeServer> {
  const answer = (method: string, target: string) => ({
    status: 503,
    headers: { "content-type": "text/plain" },
    body: `${method} ${target} ä`,
  });
  const server = await serveProbes({ port: 0, host: "127.0.0.1", answer, onFault: () => {}, ...options }, limits);
  live.push(() => server.close());
  return server;
}

/** Resolves when the socket is closed, with or without an error. */
function closing(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.on("error", () => {}).once("close", resolve));
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

  test.each(["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])("refuses %s, and asks nobody", async (method) => {
    const asked: string[] = [];
    const { port } = await serve({
      page: (_method, target) => {
        asked.push(target);
        return null;
      },
    });
    const socket = connect(port, "127.0.0.1");
    socket.write(`${method} /readyz HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n`);
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 405 /);
    expect(text).toContain("allow: GET, HEAD");
    expect(asked).toEqual([]);
  });

  test("ends connections that send nothing, or send slowly, and answers one request on each", async () => {
    const { port } = await serve({}, { requestMs: 50, answerMs: 50, connections: 1_000 });
    const sockets = Array.from({ length: 300 }, () => connect(port, "127.0.0.1"));
    const ends = sockets.map(closing);
    const dripping = connect(port, "127.0.0.1");
    const drops = setInterval(() => dripping.write("G"), 10);
    await Promise.all([...ends, closing(dripping)]);
    clearInterval(drops);
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(503);
    const twice = connect(port, "127.0.0.1");
    twice.write("GET /a HTTP/1.1\r\nhost: h\r\n\r\nGET /b HTTP/1.1\r\nhost: h\r\n\r\n");
    let text = "";
    for await (const chunk of twice) text += String(chunk);
    expect(text.match(/HTTP\/1\.1 503/g)).toHaveLength(1);
  });

  test("ends a connection whose page never answers", async () => {
    const page = () => new Promise<never>(() => {});
    const { port } = await serve({ page }, { requestMs: 5_000, answerMs: 50, connections: 10 });
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow("fetch failed");
  });

  test("answers a probe beside many connections that send nothing", async () => {
    const { port } = await serve({}, { requestMs: 600_000, answerMs: 600_000, connections: 50 });
    const sockets = Array.from({ length: 200 }, () => connect(port, "127.0.0.1"));
    const closed = sockets.map(closing);
    await Promise.all(closed.slice(0, 150));
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(503);
    for (const socket of sockets) socket.destroy();
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
