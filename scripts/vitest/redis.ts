import type { TestProject } from "vitest/node";
import { findRedis, type RedisProgram, type RedisServer, startRedis } from "./redis-server.ts";

/** A Redis that the projects of one run share; the last of them to finish stops it. */
interface Shared {
  readonly redis: Promise<{ readonly program: RedisProgram; readonly server: RedisServer }>;
  users: number;
}

// Each project loads this file anew, so what they share is kept outside of it.
const shelf = globalThis as { leveretTestRedis?: Shared };

/** Gives the tests one Redis for the whole run: the machine's, else the distribution's, fetched and unpacked. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  shelf.leveretTestRedis ??= { redis: findAndStart(), users: 0 };
  const shared = shelf.leveretTestRedis;
  shared.users++;
  const { program, server } = await shared.redis;
  project.provide("redisUrl", server.url);
  project.provide("redisProgram", program);
  return async () => {
    if (--shared.users > 0) return;
    delete shelf.leveretTestRedis;
    await (await shared.redis).server.stop();
  };
}

async function findAndStart(): Promise<{ readonly program: RedisProgram; readonly server: RedisServer }> {
  const program = await findRedis((line) => process.stderr.write(`redis: ${line}\n`));
  return { program, server: await startRedis(program) };
}
