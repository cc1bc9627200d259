import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { PORT_RANGE, findFreePorts } from "../../src/system/ports.ts";

async function listen(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("ports are free, all different and below those of outgoing connections", async () => {
  const ports = await findFreePorts(20);
  expect(new Set(ports).size).toBe(20);
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(PORT_RANGE.first);
    expect(port).toBeLessThanOrEqual(PORT_RANGE.last);
  }
  const server = createServer().listen(ports[0], "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
});

test("a port that is taken, or was chosen already, is passed over", async () => {
  const taken = await listen();
  const [first = 0, second = 0] = await findFreePorts(2);
  const candidates = [taken, first, first, second].values();
  expect(await findFreePorts(2, () => candidates.next().value ?? taken)).toEqual([first, second]);
});

test("when no port is free it says so", async () => {
  const taken = await listen();
  await expect(findFreePorts(1, () => taken)).rejects.toThrow("no 1 free ports");
});
