import { createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { freshId, results, store } from "./support/results.ts";

// A Redis that takes commands, answers the handshake alone, and closes the connection.

async function silentRedis(): Promise<{
  readonly url: string;
  readonly cut: () => void;
  readonly asked: Promise<void>;
}> {
  const sockets = new Set<Socket>();
  const asked = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      const text = bytes.toString("latin1").toLowerCase();
      if (text.includes("evalsha")) asked.resolve();
      else if (text.includes("info")) socket.write("$22\r\nredis_version:7.0.15\r\n\r\n");
      else socket.write("+OK\r\n".repeat(text.split("\r\nclient\r\n").length - 1));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => sockets.forEach((socket) => socket.destroy());
  onTestFinished(() => {
    cut();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { url: `redis://127.0.0.1:${port}/0`, cut, asked: asked.promise };
}

test("a command that is under way when the connection breaks fails with the connection", async () => {
  const { url, cut, asked } = await silentRedis();
  const stored = store(results(url), freshId(), "done");
  await asked;
  const begun = performance.now();
  cut();
  await expect(stored).rejects.toMatchObject({ code: "results-unreachable" });
  // Not the ten seconds of a command without an answer.
  expect(performance.now() - begun).toBeLessThan(5_000);
});
