import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { brokersAtHand, freshVhost, type TestVhost } from "../../../scripts/vitest/vhost.ts";
import { entry, nested, sized } from "@leveret/test-support/wire/fields";
import { rawTask } from "@leveret/test-support/wire/raw-task";
import { RawClient } from "@leveret/test-support/wire/raw-client";
import { createTcpProxy } from "@leveret/test-support/tcp-proxy";
import { sift } from "../src/dead-letters/sift.ts";
import { drain, fillDeadQueue, lookAt } from "./support/dead-queue.ts";
import { eventually } from "@leveret/test-support/eventually";
import { leveret, start, tasksFile } from "./support/run.ts";
import { run } from "./support/terminal.ts";

describe.each(brokersAtHand())("dead letters on the %s broker", (broker) => {
  let vhost: TestVhost;
  beforeAll(async () => {
    vhost = await freshVhost(broker);
  });
  afterAll(() => vhost.remove());
  const dlq = (...words: readonly string[]) => run("dlq", ...words, "-b", vhost.url);

  test("what a worker does not know is listed, shown, brought back and run", async () => {
    const queue = `q-${randomUUID()}`;
    const worker = start(["worker", "-A", tasksFile, "-Q", queue], vhost.url);
    await eventually("the worker runs", () => worker.err().includes("worker running"));
    const { out: sent } = await leveret(["call", "demo.new", "-a", '["x", 2]', "--queue", queue], vhost.url);
    const id = sent.trim();
    const transport = await lookAt(vhost.url);
    await eventually("it is dead", async () => (await transport.inspectQueue(`${queue}.dead`))?.messageCount === 1);

    const listed = await dlq("list", "-Q", queue, "--json");
    expect(JSON.parse(listed.out)).toMatchObject([
      { id, task: "demo.new", reason: "unregistered", queue, attempts: 1 },
    ]);
    const shown = await dlq("show", id, "-Q", queue);
    expect(shown.out).toMatch(/^task {6}demo\.new\nid/);
    expect(shown.out).toContain('args      ["x",2]\nkwargs    {}\n');
    expect(await dlq("show", "other", "-Q", queue)).toMatchObject({ code: 1, err: "no dead letter of task other\n" });

    worker.child.kill("SIGTERM");
    await worker.ended;
    const redriven = await leveret(["dlq", "redrive", "-Q", queue], vhost.url);
    expect(redriven).toEqual({ code: 0, signal: null, out: "Redrove 1 dead letter.\n", err: "" });
    expect(await drain(transport, queue)).toEqual([id]);
    expect((await dlq("list", "-Q", queue)).err).toBe("There are no dead letters.\n");
  });

  test("a selection is moved or dropped, the others stay in their order", async () => {
    const queue = `q-${randomUUID()}`;
    const transport = await lookAt(vhost.url);
    const ids = await fillDeadQueue(transport, queue, 10);
    expect(await dlq("redrive", "-Q", queue, "--task", "ev*", "--limit", "3")).toMatchObject({ code: 0 });
    expect(await drain(transport, queue)).toEqual([ids[0], ids[2], ids[4]]);
    expect(await dlq("drop", "-Q", queue, "--id", `${ids[1]},${ids[3]}`)).toMatchObject({ code: 2 });
    expect(await dlq("drop", "-Q", queue, "--id", `${ids[1]},${ids[3]}`, "--yes")).toMatchObject({
      code: 0,
      out: "Deleted 2 dead letters.\n",
    });
    const left = JSON.parse((await dlq("list", "-Q", queue, "--json")).out) as readonly { readonly id: string }[];
    expect(left.map(({ id }) => id)).toEqual([5, 6, 7, 8, 9].map((index) => ids[index]));
    const some = await dlq("list", "-Q", queue, "--limit", "2");
    expect(some.out.trim().split("\n")).toHaveLength(3);
    expect(some.err).toBe("2 of 5 dead letters; see --limit\n");
  });

  test("what no queue takes stays dead, and is told", async () => {
    const queue = `q-${randomUUID()}`;
    const transport = await lookAt(vhost.url);
    await fillDeadQueue(transport, queue, 2);
    const { code, out, err } = await dlq("redrive", "-Q", queue, "--to", "nowhere", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ moved: 0 });
    expect(err).toBe("");
    await eventually("both are back", async () => (await transport.inspectQueue(`${queue}.dead`))?.messageCount === 2);
  });

  test("what is not wholly readable is listed and shown, and stays dead", async () => {
    const queue = `q-${randomUUID()}`;
    const transport = await lookAt(vhost.url);
    const [id = ""] = await fillDeadQueue(transport, queue, 1);
    const raw = new RawClient(vhost.url);
    onTestFinished(() => raw.close());
    const holds = (count: number) =>
      eventually(
        `${count} are there`,
        async () => (await transport.inspectQueue(`${queue}.dead`))?.messageCount === count,
      );
    const unread = entry("x-leveret-unread-headers", sized("x", Buffer.from("bytes")));
    for (const [name, extra] of [
      ["deep", entry("deep", nested(500))],
      ["kept", unread],
    ] as const) {
      expect(await raw.publish({ routingKey: `${queue}.dead`, ...rawTask("odd", name, [extra]) })).toBe(true);
    }
    const listed = JSON.parse((await dlq("list", "-Q", queue, "--json")).out) as readonly { readonly id: string }[];
    expect(listed.map((letter) => letter.id)).toEqual([id, "deep", "kept"]);
    await holds(3);
    expect(await dlq("show", "deep", "-Q", queue)).toMatchObject({ code: 0, out: expect.stringContaining("odd") });
    await holds(3);
    expect(await dlq("redrive", "-Q", queue)).toMatchObject({
      code: 1,
      out: "Redrove 1 dead letter.\n",
      err: expect.stringContaining("2 dead letters stay: Some of its headers are unreadable"),
    });
    expect(await drain(transport, queue)).toEqual([id]);
    await holds(2);
  });

  test("however often they are looked at, none is dropped for it", async () => {
    const queue = `q-${randomUUID()}`;
    const transport = await lookAt(vhost.url);
    const ids = await fillDeadQueue(transport, queue, 3);
    const { signal } = new AbortController();
    for (let round = 0; round < 22; round += 1) {
      await eventually(
        "all are there",
        async () => (await transport.inspectQueue(`${queue}.dead`))?.messageCount === 3,
      );
      await sift(transport, { queue: `${queue}.dead`, total: 3, prefetch: 3, signal, take: () => "keep" });
    }
    expect((await drain(transport, `${queue}.dead`)).toSorted()).toEqual(ids.toSorted());
  });

  test("a redrive that is killed midway loses nothing, and the next one finishes it", async () => {
    const queue = `q-${randomUUID()}`;
    const transport = await lookAt(vhost.url);
    const ids = await fillDeadQueue(transport, queue, 10_000);
    const proxy = await createTcpProxy(vhost.url);
    onTestFinished(() => proxy.close());
    const doomed = start(["dlq", "redrive", "-Q", queue], proxy.url);
    await eventually("some are moved", async () => ((await transport.inspectQueue(queue))?.messageCount ?? 0) >= 50);
    // Nothing is confirmed from here on: it stands in the middle of what it had under way.
    proxy.hold("to the client");
    doomed.child.kill("SIGKILL");
    expect((await doomed.ended).signal).toBe("SIGKILL");
    proxy.cut();

    const moved = (await transport.inspectQueue(queue))?.messageCount ?? 0;
    expect(moved).toBeLessThan(10_000);
    await eventually("the rest is back", async () => {
      const dead = (await transport.inspectQueue(`${queue}.dead`))?.messageCount ?? 0;
      return dead + ((await transport.inspectQueue(queue))?.messageCount ?? 0) >= 10_000;
    });
    expect(await dlq("redrive", "-Q", queue)).toMatchObject({ code: 0 });
    expect((await transport.inspectQueue(`${queue}.dead`))?.messageCount).toBe(0);
    expect([...new Set(await drain(transport, queue))].toSorted()).toEqual(ids.toSorted());
  });
});
