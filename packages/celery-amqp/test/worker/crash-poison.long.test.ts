import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { brokersAtHand } from "../../../../scripts/vitest/vhost.ts";
import { type CrashLab, createCrashLab, names } from "../support/crash-lab.ts";
import { eventually } from "@leveret/test-support/eventually";

// Many tasks that end their process, at once and later, among good ones and under several workers.

describe.each(brokersAtHand())("on RabbitMQ (%s)", (broker) => {
  let lab: CrashLab;
  beforeAll(async () => {
    lab = await createCrashLab(broker);
  });
  afterAll(() => lab.close());

  test.each(["classic", "quorum"] as const)("%s: thirty good tasks beside one that ends the process", async (type) => {
    const scene = await lab.prepare(type, { concurrency: 40, deliveryLimit: 20 });
    const good = names("good", 30);
    for (const name of good.slice(0, 10)) await scene.send("crash.good", name);
    await scene.send("crash.poison", "poison", "abort");
    for (const name of good.slice(10)) await scene.send("crash.good", name);
    scene.start(1);
    await eventually("all good tasks have run", () => good.every((name) => name in scene.runs()));
    expect(await scene.dead(1)).toEqual(["poison"]);
    expect(scene.runs()["poison"]).toBeLessThanOrEqual(20);
  });

  test.each(["classic", "quorum"] as const)(
    "%s: many of them, at once and later, under three workers",
    async (type) => {
      const scene = await lab.prepare(type, { concurrency: 10, deliveryLimit: 5 });
      const [good, poisons, late] = [names("good", 30), names("poison", 5), names("late", 5)];
      for (let index = 0; index < 30; index += 1) {
        const [poison, slow, name] = [poisons[index], late[index], good[index] ?? ""];
        if (poison !== undefined) await scene.send("crash.poison", poison, "abort");
        await scene.send("crash.good", name);
        if (slow !== undefined) await scene.send("crash.late", slow, "kill", 20 + 40 * index);
      }
      scene.start(3);
      await eventually("all good tasks have run", () => good.every((name) => name in scene.runs()));
      expect(await scene.dead(10)).toEqual([...late, ...poisons].toSorted());
      const runs = scene.runs();
      for (const name of [...late, ...poisons]) expect([name, (runs[name] ?? 0) <= 5]).toEqual([name, true]);
    },
  );
});
