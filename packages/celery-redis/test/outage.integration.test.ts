import { createFakeClock } from "@leveret/celery-amqp/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "@leveret/test-support/eventually";
import { RecordingLogger } from "@leveret/test-support/recording-logger";
import { createTcpProxy, type TcpProxy } from "@leveret/test-support/tcp-proxy";
import { ownRedis, redisUrl } from "./support/redis.ts";
import { finalState, freshId, results, store } from "./support/results.ts";

describe("while the way to Redis is broken", () => {
  let proxy: TcpProxy;
  beforeAll(async () => {
    proxy = await createTcpProxy(redisUrl());
  });
  beforeEach(() => proxy.resume());
  afterAll(() => proxy.close());

  test("whoever waits misses nothing that is stored meanwhile", async () => {
    const [worker, client] = [results(redisUrl()), results(proxy.url)];
    const early = freshId();
    const heard = finalState(client, early);
    await store(worker, early, 1);
    expect(await heard).toMatchObject({ result: 1 });

    const ids = Array.from({ length: 20 }, freshId);
    const waiting = ids.map((id) => finalState(client, id));
    await eventually("all channels are listened to", async () => (await store(worker, freshId(), 0), true));
    await proxy.refuse();
    for (const [index, id] of ids.entries()) await store(worker, id, index);
    await proxy.resume();
    expect(await Promise.all(waiting)).toMatchObject(ids.map((_, result) => ({ result })));
  });

  test("a connection that was cut is made again, as often as it takes", async () => {
    const [worker, client] = [results(redisUrl()), results(proxy.url)];
    for (let round = 0; round < 3; round += 1) {
      const id = freshId();
      const waiting = finalState(client, id);
      proxy.cut();
      await store(worker, id, round);
      expect(await waiting).toMatchObject({ result: round });
    }
  });

  test("a store fails in a way that says: again later", async () => {
    const logger = new RecordingLogger();
    const worker = results(proxy.url, { logger });
    await proxy.refuse();
    const id = freshId();
    await expect(store(worker, id, 1)).rejects.toMatchObject({
      code: "results-unreachable",
      message: expect.stringMatching(/does not answer/) as string,
    });
    expect(logger.text.match(/is lost or cannot be made/g)).toHaveLength(1);
    await proxy.resume();
    await eventually("it is taken again", () =>
      store(worker, id, 2).then(
        () => true,
        () => false,
      ),
    );
    expect(await finalState(worker, id)).toMatchObject({ result: 2 });
    expect(logger.text).toContain("connected to Redis again");
  });

  test("a connection that is dead and says nothing is found out", async () => {
    const clock = createFakeClock();
    const [worker, client] = [results(redisUrl()), results(proxy.url, { clock })];
    const first = freshId();
    await store(worker, first, 1);
    await finalState(client, first);
    const id = freshId();
    const waiting = finalState(client, id);
    await eventually("the channel is listened to", () => clock.pending > 0);
    proxy.halfOpen();
    await store(worker, id, 2);
    let isHeard = false;
    void waiting.then(() => (isHeard = true));
    await eventually("the result is heard of", async () => {
      await clock.advance(25_000);
      return isHeard;
    });
    expect(await waiting).toMatchObject({ result: 2 });
  });
});

test("a Redis that was killed and comes back empty is used on", async () => {
  const first = await ownRedis();
  const [worker, client] = [results(first.url), results(first.url)];
  const before = freshId();
  await store(worker, before, 1);
  expect(await finalState(client, before)).toMatchObject({ result: 1 });

  const id = freshId();
  const waiting = finalState(client, id);
  await first.kill();
  await expect(store(worker, id, 2)).rejects.toMatchObject({ code: "results-unreachable" });
  const second = await ownRedis("--port", String(first.port));
  onTestFinished(() => second.stop());
  await eventually("the store is taken again", () =>
    store(worker, id, 3).then(
      () => true,
      () => false,
    ),
  );
  expect(await waiting).toMatchObject({ result: 3 });
});

test("what waits when it is closed is told so", async () => {
  const backend = results(redisUrl());
  const waiting = finalState(backend, freshId());
  await backend.close();
  await expect(waiting).rejects.toMatchObject({ code: "closed" });
  await expect(store(backend, freshId(), 1)).rejects.toMatchObject({ code: "closed" });
});

describe("a login that is refused", () => {
  test("is told by its reason, and without the password", async () => {
    const server = await ownRedis("--requirepass", "right-one");
    onTestFinished(() => server.stop());
    const logger = new RecordingLogger();
    const wrong = results(server.url.replace("redis://", "redis://:wrong-one@"), { logger });
    const refusal = { code: "access-refused", message: expect.stringMatching(/127\.0\.0\.1.*password/i) as string };
    await expect(store(wrong, freshId(), 1)).rejects.toMatchObject(refusal);
    await expect(finalState(wrong, freshId())).rejects.toMatchObject({ code: "access-refused" });
    const none = results(server.url, { logger });
    await expect(store(none, freshId(), 1)).rejects.toMatchObject({ code: "access-refused" });
    const failure: unknown = await store(wrong, freshId(), 1).catch((error: unknown) => error);
    expect(`${logger.text} ${JSON.stringify(failure)} ${String(failure)}`).not.toContain("wrong-one");

    const right = results(server.url.replace("redis://", "redis://:right-one@"));
    const id = freshId();
    await store(right, id, 1);
    expect(await finalState(right, id)).toMatchObject({ result: 1 });
  });
});
