import { inject } from "vitest";
import { type RedisServer, startRedis } from "../../../../scripts/vitest/redis-server.ts";

/** The run's Redis. */
export function redisUrl(): string {
  return inject("redisUrl");
}

/** A Redis of the test's own, which it may break. */
export function ownRedis(...args: readonly string[]): Promise<RedisServer> {
  return startRedis(inject("redisProgram"), args);
}
