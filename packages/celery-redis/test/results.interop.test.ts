import { randomUUID } from "node:crypto";
import { type Client, defineTask, group, TaskFailedError } from "@leveret/celery-amqp";
import type { Worker } from "@leveret/celery-amqp/worker";
import type { ResultTuple } from "@leveret/celery-protocol/results";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pairings } from "@leveret/test-support/pairings";
import { freshQueue, ourClient, ourWorker } from "../../celery-amqp/test/interop/support/ours.ts";
import { PythonClient, PythonWorker } from "@leveret/test-support/python";
import { redisResults } from "../src/index.ts";
import { redisUrl } from "./support/redis.ts";
import { results } from "./support/results.ts";

// Results written by one side and read by the other, below a prefix of the test's own, with all that can be kept of them.

const add = defineTask<(x: number, y: number) => number>("interop.add");
const typed = defineTask<() => Record<string, unknown>>("interop.typed");
const fail = defineTask<(message: string) => never>("interop.fail");
const progress = defineTask<(steps: number) => number>("interop.progress");
const retryOnce = defineTask<() => number>("interop.retry_once");

function member(id: string): ResultTuple {
  return { id, parent: null, members: null };
}

for (const { label, brokerUrl, python, absent } of pairings()) {
  describe.skipIf(absent)(`results on Redis with ${label}`, () => {
    const [theirs, mine] = [freshQueue("redis-python"), freshQueue("redis-ours")];
    const keyPrefix = randomUUID();
    const options = { keyPrefix, extended: true, nodeName: "ours@interop" };
    const conf = {
      result_backend: redisUrl(),
      result_backend_transport_options: { global_keyprefix: keyPrefix },
      result_extended: true,
    };
    let pythonWorker: PythonWorker;
    let pythonClient: PythonClient;
    let worker: Worker;
    let client: Client;

    beforeAll(async () => {
      pythonWorker = new PythonWorker({ python, brokerUrl, conf, queues: [theirs], name: randomUUID().slice(0, 8) });
      pythonClient = new PythonClient({ python, brokerUrl, conf });
      await Promise.all([pythonWorker.ready(), pythonClient.ready()]);
      worker = await ourWorker(brokerUrl, mine, { results: redisResults(redisUrl(), options) });
      client = ourClient(brokerUrl, { results: redisResults(redisUrl(), options) });
    });

    afterAll(async () => {
      await Promise.all([client.close(), pythonClient.stop()]);
      await Promise.all([worker.stop(), pythonWorker.stop()]);
    });

    test("ours are read by Python", async () => {
      const call = `app.send_task('interop.add', [2, 3], queue='${mine}').get(timeout=150)`;
      expect(await pythonClient.value(call)).toBe(5);
    });

    test("ours tell Python who did what", async () => {
      const { id } = await client.send(add.with({ queue: mine }), 20, 3);
      expect(await pythonClient.value(`app.AsyncResult('${id}').get(timeout=150)`)).toBe(23);
      const fields = "[r.name, r.args, r.kwargs, r.worker, r.retries, r.queue, r.state, r.date_done is not None]";
      expect(await pythonClient.value(`(lambda r: ${fields})(app.AsyncResult('${id}'))`)).toEqual([
        "interop.add",
        [20, 3],
        {},
        "ours@interop",
        0,
        mine,
        "SUCCESS",
        true,
      ]);
    });

    test("our failures raise in Python", async () => {
      const call = `app.send_task('interop.fail', ['boom'], queue='${mine}').get(timeout=150)`;
      expect(await pythonClient.answer(call)).toMatchObject({ error: "ValueError", message: "boom" });
    });

    test("our retries end in Python's hands", async () => {
      expect(await pythonClient.value(`app.send_task('interop.retry_once', queue='${mine}').get(timeout=150)`)).toBe(1);
    });

    test("a Python worker's are read by us", async () => {
      expect(await client.call(add.with({ queue: theirs }), 2, 3)).toBe(5);
      expect(await client.call(retryOnce.with({ queue: theirs }))).toBe(1);
      const values = await client.call(typed.with({ queue: theirs }));
      expect(values).toMatchObject({ big: 2n ** 70n, float: 1, nested: [{ deep: [null, true] }] });
      expect(values["datetime"]).toEqual(new Date("2024-05-06T07:08:09.123Z"));
    });

    test("a Python worker's failures are ours", async () => {
      const error: unknown = await client.call(fail.with({ queue: theirs }), "boom").catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TaskFailedError);
      expect(error).toMatchObject({ excType: "ValueError", excModule: "builtins", excArgs: ["boom"] });
    });

    test("a Python worker's own states come one after the other, the last of them for sure", async () => {
      const result = await client.send(progress.with({ queue: theirs }), 3);
      const states = [];
      for await (const state of result.states()) states.push(state);
      expect(states.at(-1)).toEqual({ status: "SUCCESS", meta: 3 });
      const steps = states.slice(0, -1).map(({ meta }) => (meta as { step: number }).step);
      expect(steps).toEqual(steps.toSorted((left, right) => left - right));
    });

    test("a client that did not send reads what any worker wrote", async () => {
      const ids = await Promise.all(
        [theirs, mine].map(async (queue) => (await client.send(add.with({ queue }), 1, 1)).id),
      );
      const other = ourClient(brokerUrl, { results: redisResults(redisUrl(), options) });
      expect(await Promise.all(ids.map((id) => other.result(id, add).get({ timeout: 150 })))).toEqual([2, 2]);
      await other.close();
    });

    test("what one side forgets the other knows no more", async () => {
      const result = await client.send(add.with({ queue: mine }), 1, 1);
      expect(await result.get()).toBe(2);
      await pythonClient.value(`app.AsyncResult('${result.id}').forget() or 'forgotten'`);
      expect(await pythonClient.value(`app.AsyncResult('${result.id}').state`)).toBe("PENDING");
      const second = await client.send(add.with({ queue: theirs }), 1, 1);
      await second.get();
      await second.forget();
      expect(await pythonClient.value(`app.AsyncResult('${second.id}').state`)).toBe("PENDING");
    });

    test("groups saved by one side are restored by the other", async () => {
      const backend = results(redisUrl(), options);
      const id = randomUUID();
      const inner = { id: randomUUID(), parent: null, members: [member("b"), member("c")] };
      await backend.groups?.save({ id, parent: member("before"), members: [member("a"), inner] });
      const restored = `celery.result.GroupResult.restore('${id}', app=app)`;
      expect(await pythonClient.value(`(lambda r: r.as_tuple())(${restored})`)).toEqual([
        [id, [["before", null], null]],
        [
          [["a", null], null],
          [
            [inner.id, null],
            [
              [["b", null], null],
              [["c", null], null],
            ],
          ],
        ],
      ]);

      const call = `group([signature('interop.add', args=[n, n], app=app).set(queue='${mine}') for n in (1, 2)])`;
      const saved = `(lambda r: (r.save(), [r.id, r.get(timeout=150), [m.id for m in r.results]])[1])(${call}.apply_async())`;
      const [groupId, values, members] = (await pythonClient.value(saved)) as [string, number[], string[]];
      expect(values).toEqual([2, 4]);
      expect(await backend.groups?.restore(groupId)).toEqual({
        id: groupId,
        parent: null,
        members: members.map(member),
      });
      const ours = await client.restoreGroup(groupId);
      expect(await ours?.get({ timeout: 150 })).toEqual([2, 4]);
      expect(ours?.completedCount).toBe(2);
    });

    test("a group that we sent and saved is joined by Python", async () => {
      const sent = await client.send(group(add.with({ queue: mine }).s(1, 2), add.with({ queue: theirs }).s(3, 4)));
      await sent.save();
      expect(await sent.join({ timeout: 150 })).toEqual([3, 7]);
      const restored = `celery.result.GroupResult.restore('${sent.id}', app=app)`;
      expect(await pythonClient.value(`${restored}.join(timeout=150)`)).toEqual([3, 7]);
      await sent.delete();
      expect(await pythonClient.value(`${restored} is None`)).toBe(true);
    });
  });
}
