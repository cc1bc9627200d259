import type { CeleryEvent } from "@leveret/celery-protocol/events";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { freshVhost } from "../../../../scripts/vitest/vhost.ts";
import { pairings } from "@leveret/test-support/pairings";
import { ourClient, ourWorker } from "./support/ours.ts";
import { PythonMonitor, type HeardEvent } from "./support/python-monitor.ts";
import { PythonClient, PythonWorker } from "@leveret/test-support/python";

// Celery's own receiver beside a worker of each kind: nobody can tell one's events from the other's.

const theirs = "theirs@interop";
const ours = "ours@interop";

/** Same fields in the same order, of the same Python types. Celery 5.7 writes the offset, whole until then, with a point. */
function shapeOf({ kinds }: HeardEvent): readonly (readonly [string, unknown])[] {
  return Object.entries(kinds).map(([name, kind]) => [name, name === "utcoffset" ? "number" : kind]);
}

for (const { label, brokerUrl, python, absent } of pairings()) {
  describe.skipIf(absent)(`Celery's event receiver with ${label}`, () => {
    test("hears the same of a Python worker and of ours", async () => {
      const vhost = await freshVhost(brokerUrl === inject("amqpUrl") ? "distribution" : "newest");
      onTestFinished(() => vhost.remove());
      const there = { python, brokerUrl: vhost.url };
      const conf = { worker_send_task_events: true };
      const monitor = new PythonMonitor(there);
      onTestFinished(() => monitor.stop());
      const client = new PythonClient(there);
      onTestFinished(() => client.stop());
      await monitor.ready();
      const worker = new PythonWorker({ ...there, conf, queues: ["theirs"], name: "theirs" });
      onTestFinished(() => worker.stop());
      const our = await ourWorker(vhost.url, "ours", { name: ours, events: true });
      onTestFinished(() => our.stop());
      const listener = ourClient(vhost.url);
      onTestFinished(() => listener.close());
      const heard = listener.events({ types: ["task-succeeded", "task-halfway"], hostnames: [theirs] });
      await heard.opened;
      await worker.ready();

      for (const [queue, name] of [["theirs", theirs] as const, ["ours", ours] as const]) {
        const send = (task: string, args: string) =>
          client.value(`app.send_task('${task}', ${args}, queue='${queue}').id`);
        const tell = async (task: string, args: string, type: string): Promise<HeardEvent> => {
          await send(task, args);
          // Celery's worker keeps its last events back now and then, for ever, until another task comes.
          if (name === theirs) while (!(await monitor.hears(name, type, 5_000))) await send(task, args);
          return monitor.first(name, type);
        };
        await monitor.first(name, "worker-online");
        const succeeded = await tell("interop.add", "[2, 3]", "task-succeeded");
        const id = String(succeeded.fields["uuid"]);
        const about = { uuid: id, hostname: name };
        expect(succeeded).toMatchObject({ fields: { ...about, result: "5" } });
        expect(await monitor.first(name, "task-received", id)).toMatchObject({
          fields: {
            ...about,
            name: "interop.add",
            args: expect.stringMatching("2, 3"),
            kwargs: "{}",
            root_id: id,
            retries: 0,
          },
        });
        expect(await monitor.first(name, "task-started", id)).toMatchObject({ fields: about });
        const failed = await tell("interop.fail", "['boom']", "task-failed");
        expect(failed).toMatchObject({ fields: { exception: "ValueError('boom')" } });
        const halfway = await tell("interop.tell", "[]", "task-halfway");
        expect(halfway).toMatchObject({ fields: { uuid: expect.any(String), percent: 50 } });
        const retried = await tell("interop.retry_once", "[]", "task-retried");
        expect(retried).toMatchObject({ fields: { hostname: name } });
        expect(await monitor.first(name, "worker-heartbeat")).toMatchObject({ fields: { freq: 2 } });
      }

      const byType = new Map<string, CeleryEvent>();
      for await (const event of heard) {
        byType.set(event.type, byType.get(event.type) ?? event);
        if (byType.size === 2) break;
      }
      expect(byType.get("task-succeeded")).toMatchObject({ result: "5", runtime: expect.any(Number) });
      expect(byType.get("custom")).toMatchObject({ customType: "task-halfway", extra: { percent: 50 } });

      // A thread of Python's cannot be cut short: what Celery writes then was recorded (`announce.test.ts`).
      const cutShort = (await client.value(`app.send_task('interop.hold', [], queue='ours').id`)) as string;
      await monitor.first(ours, "task-started", cutShort);
      await Promise.all([worker.stop(), our.stop({ grace: 0 })]);
      expect(await monitor.first(ours, "task-cancelled")).toMatchObject({ fields: { uuid: cutShort } });
      for (const type of [
        "worker-online",
        "worker-heartbeat",
        "worker-offline",
        "task-received",
        "task-started",
        "task-succeeded",
        "task-failed",
        "task-retried",
        "task-halfway",
      ]) {
        expect([type, shapeOf(await monitor.first(ours, type))]).toEqual([
          type,
          shapeOf(await monitor.first(theirs, type)),
        ]);
      }
      expect(our.droppedEvents).toBe(0);
    });
  });
}
