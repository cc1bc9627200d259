import { once } from "node:events";
import { createServer, type Server } from "node:net";

/**
 * The range of ports: below those of outgoing connections (32768 and up on Linux, 49152 and up elsewhere). Otherwise a
 * client that keeps dialling a stopped node could get the node's port for itself and connect to itself.
 */
export const PORT_RANGE: { readonly first: number; readonly last: number } = { first: 20_000, last: 32_000 };

const ATTEMPTS = 200;

/**
 * Finds free ports on 127.0.0.1, all different. They may be taken by another process before they are used.
 *
 * @param count - number of ports
 * @param pick - a candidate; by default at random from {@link PORT_RANGE}
 * @throws Error when hardly any port is free
 */
export async function findFreePorts(count: number, pick: () => number = randomPort): Promise<readonly number[]> {
  const held = new Map<number, Server>();
  try {
    for (let attempt = 0; held.size < count; attempt++) {
      if (attempt === ATTEMPTS + count) throw new Error(`no ${count} free ports on 127.0.0.1`);
      const port = pick();
      const probe = held.has(port) ? null : await hold(port);
      if (probe !== null) held.set(port, probe);
    }
    return [...held.keys()];
  } finally {
    await Promise.all([...held.values()].map(release));
  }
}

/** Whether a port of 127.0.0.1 is free, and this process may listen on it. */
export async function isFree(port: number): Promise<boolean> {
  const probe = await hold(port);
  if (probe !== null) await release(probe);
  return probe !== null;
}

function randomPort(): number {
  return PORT_RANGE.first + Math.floor(Math.random() * (PORT_RANGE.last - PORT_RANGE.first + 1));
}

async function hold(port: number): Promise<Server | null> {
  const probe = createServer();
  try {
    probe.listen(port, "127.0.0.1");
    await once(probe, "listening");
    return probe;
  } catch {
    // In use or forbidden.
    return null;
  }
}

async function release(probe: Server): Promise<void> {
  const closed = once(probe, "close");
  probe.close();
  await closed;
}
