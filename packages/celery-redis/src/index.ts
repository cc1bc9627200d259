// Celery's Redis results for client and worker: `redisResults`.

export { redisResults } from "./redis-results.ts";
export type { KeptLimits, RedisResultsOptions } from "./options.ts";
export type { RedisCluster, RedisNode, RedisSentinel, RedisTls } from "./address.ts";
