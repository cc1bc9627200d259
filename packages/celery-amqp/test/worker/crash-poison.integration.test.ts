import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { brokersAtHand } from "../../../../scripts/vitest/vhost.ts";
import { type CrashLab, createCrashLab, names } from "../support/crash-lab.ts";
import { eventually } from "@leveret/test-support/eventually";

// Tasks that end the process of their worker, on real queues, under a supervisor that starts it again.

describe.each(brokersAtHand())("on RabbitMQ (%s)", (broker) => {
  let lab: CrashLab;
  beforeAll(async () => {
    lab = await createCrashLab(broker);
  });
  afterAll(() => lab.close());

  test.each(["classic", "quorum"] as const)(
    "%s: each of several that end the process runs as often as allowed, and is one dead letter",
    async (type) => {
      const scene = await lab.prepare(type, { deliveryLimit: 3, concurrency: 4 });
      const poisons = names("poison", 4);
      for (const [index, name] of poisons.entries())
        await scene.send("crash.poison", name, ["abort", "kill", "exit", "throw"][index % 4] ?? "abort");
      scene.start(2);
      expect(await scene.dead(4)).toEqual(poisons);
      const runs = scene.runs();
      expect(Object.keys(runs).toSorted()).toEqual(poisons);
      expect(Math.max(...Object.values(runs))).toBeLessThanOrEqual(3);
    },
  );

  test("a message whose body ends the process is counted before it is read, and not read in the end", async () => {
    const scene = await lab.prepare("classic", { deliveryLimit: 3 });
    const headers = { id: "bomb", task: "crash.good", retries: 0 };
    const properties = { contentType: "application/x-bomb", contentEncoding: "binary", persistent: true };
    const to = { exchange: "", routingKey: scene.queue };
    await lab.outside.publisher.publish({ headers, properties, body: new Uint8Array([1]) }, to);
    await scene.send("crash.good", "good");
    scene.start(1);
    await eventually("the good task has run", () => "good" in scene.runs());
    expect(await scene.dead(1)).toEqual(["bomb"]);
    expect(scene.runs()["decoded"]).toBe(3);
  });

  test.each(["classic", "quorum"] as const)("%s: good tasks beside one that ends the process all run", async (type) => {
    const scene = await lab.prepare(type, { concurrency: 40, deliveryLimit: 4 });
    const good = names("good", 12);
    for (const name of good.slice(0, 4)) await scene.send("crash.good", name);
    await scene.send("crash.poison", "poison", "abort");
    for (const name of good.slice(4)) await scene.send("crash.good", name);
    scene.start(1);
    await eventually("all good tasks have run", () => good.every((name) => name in scene.runs()));
    expect(await scene.dead(1)).toEqual(["poison"]);
    const { poison, ...others } = scene.runs();
    expect(poison).toBeLessThanOrEqual(4);
    expect(Object.keys(others).toSorted()).toEqual(good);
  });
});
