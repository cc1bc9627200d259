import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resultConformance } from "@leveret/celery-amqp/testing";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "@leveret/test-support/eventually";
import { findFreePorts } from "../../rabbit-local/src/system/ports.ts";
import type { RedisServer } from "../../../scripts/vitest/redis-server.ts";
import { redisResults, type RedisSentinel } from "../src/index.ts";
import { ownRedis } from "./support/redis.ts";
import { finalState, freshId, results, store } from "./support/results.ts";

const fixtures = join(import.meta.dirname, "../../celery-amqp/test/support/fixtures/tls");

/** Asks one server something. */
async function ask(port: number, ...command: readonly string[]): Promise<unknown> {
  const redis = new Redis({ port });
  try {
    return await redis.call(command[0] ?? "", ...command.slice(1));
  } finally {
    redis.disconnect();
  }
}

describe("Redis by TLS", () => {
  const ca = readFileSync(join(fixtures, "ca.pem"));
  let server: RedisServer;
  let url: string;
  beforeAll(async () => {
    const [cert, key] = [join(fixtures, "server.pem"), join(fixtures, "server.key")];
    const files = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", join(fixtures, "ca.pem")];
    server = await ownRedis(...files, "--tls-auth-clients", "no", "--tls-port", "0");
    const [port] = await findFreePorts(1);
    await ask(server.port, "config", "set", "tls-port", String(port));
    url = `rediss://127.0.0.1:${port}/0`;
  });
  afterAll(() => server.stop());

  test("is used by who knows its authority", async () => {
    for (const backend of [
      results(url, { tls: { ca } }),
      results(`${url}?ssl_ca_certs=${encodeURIComponent(join(fixtures, "ca.pem"))}`),
      results(`${url}?ssl_cert_reqs=CERT_NONE`),
    ]) {
      const id = freshId();
      const waiting = finalState(backend, id);
      await store(backend, id, 1);
      expect(await waiting).toMatchObject({ result: 1 });
    }
  });

  test("is not used by who does not", async () => {
    await expect(store(results(url), freshId(), 1)).rejects.toMatchObject({
      code: "results-unreachable",
      message: expect.stringMatching(/certificate|retries/) as string,
    });
  });
});

describe("Redis Cluster", () => {
  const servers: RedisServer[] = [];
  beforeAll(async () => {
    for (const file of ["a.conf", "b.conf"]) {
      servers.push(await ownRedis("--cluster-enabled", "yes", "--cluster-config-file", file));
    }
    const [first, second] = servers as [RedisServer, RedisServer];
    await ask(first.port, "cluster", "addslotsrange", "0", "8191");
    await ask(second.port, "cluster", "addslotsrange", "8192", "16383");
    await ask(first.port, "cluster", "meet", "127.0.0.1", String(second.port));
    for (const { port } of servers) {
      await eventually("the cluster is whole", async () =>
        String(await ask(port, "cluster", "info")).includes("state:ok"),
      );
    }
  });
  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  test.each(resultConformance("states", "memory", "chords", "groups"))("$name", async ({ run }) => {
    const connect = async () => {
      const backend = redisResults({ cluster: servers.map(({ port }) => ({ host: "127.0.0.1", port })) });
      return { source: backend, store: backend };
    };
    await expect(run({ connect })).resolves.toBeUndefined();
  });
});

describe("Redis behind Sentinel", { timeout: 600_000 }, () => {
  test("goes on with the new primary when the old one dies, and nobody who waits misses anything", async () => {
    const folder = await mkdtemp(join(tmpdir(), "leveret-sentinel-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const primary = await ownRedis();
    const replica = await ownRedis("--replicaof", "127.0.0.1", String(primary.port));
    onTestFinished(() => replica.stop());
    onTestFinished(() => primary.stop());
    await eventually("the replica follows", async () =>
      String(await ask(replica.port, "info", "replication")).includes("master_link_status:up"),
    );
    const sentinel = await sentinelOver(primary.port, folder);
    onTestFinished(() => sentinel.stop());
    await eventually("the sentinel knows the replica", async () =>
      String(await ask(sentinel.port, "sentinel", "replicas", "mymaster")).includes(String(replica.port)),
    );

    const where: RedisSentinel = { sentinels: [{ host: "127.0.0.1", port: sentinel.port }], master: "mymaster" };
    const [worker, client] = [results(where), results(where)];
    const first = freshId();
    await store(worker, first, 1);
    expect(await finalState(client, first)).toMatchObject({ result: 1 });

    const id = freshId();
    const waiting = finalState(client, id);
    await primary.kill();
    await eventually("the store is taken again", () =>
      store(worker, id, 2).then(
        () => true,
        () => false,
      ),
    );
    expect(await waiting).toMatchObject({ result: 2 });
    expect(await ask(replica.port, "exists", `celery-task-meta-${id}`)).toBe(1);
  });
});

async function sentinelOver(port: number, folder: string): Promise<RedisServer> {
  const lines = [
    `sentinel monitor mymaster 127.0.0.1 ${port} 1`,
    "sentinel down-after-milliseconds mymaster 1000",
    "sentinel failover-timeout mymaster 5000",
  ];
  const file = join(folder, "sentinel.conf");
  await writeFile(file, `${lines.join("\n")}\n`);
  return ownRedis("sentinel", file);
}
