import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { labFolder, labProgram } from "@leveret/lab";
import { expect, test } from "vitest";
import { freePort } from "../../scripts/vitest/newest-broker.ts";
import { brokersAtHand, freshVhost } from "../../scripts/vitest/vhost.ts";
import { keepRow } from "../figures.ts";
import { fuzzWireBroker } from "../fuzz/wire-broker.ts";

const COUNT = 5_000;
const run = promisify(execFile);
const lab = labProgram("rabbitmq-version");
const types = ["classic", "quorum"] as const;

async function fuzz(url: string, type: (typeof types)[number], name: string): Promise<readonly string[]> {
  const start = performance.now();
  const seed = 20_261_130;
  const { defects, published, refused, ran, dead, good, slowestMs } = await fuzzWireBroker(url, type, COUNT, seed);
  const outcome = `${refused} refused by the broker, ${published} taken; of the tasks ${ran} ran, ${dead} are dead letters; ${good} valid tasks between, the slowest answered in ${(slowestMs / 1000).toFixed(1)} s`;
  const seconds = (performance.now() - start) / 1000;
  const way = `all consumers, a ${type} queue of RabbitMQ ${name}`;
  keepRow({ kind: "fuzz", way, count: COUNT, seed, seconds, outcome, defects: defects.length });
  return defects;
}

const scenes = brokersAtHand().flatMap((broker) => types.map((type) => ({ broker, type })));

test.for(scenes)("headers of every kind on a $type queue ($broker)", async ({ broker, type }) => {
  const vhost = await freshVhost(broker);
  expect(await fuzz(vhost.url, type, broker === "newest" ? "4.3" : "3.10")).toEqual([]);
  await vhost.remove();
});

test.runIf(labFolder !== null).for(types)("headers of every kind on a %s queue of RabbitMQ 4.0", async (type) => {
  const name = `leveret-wire-${process.pid}`;
  const { stdout } = await run(lab, ["4.0", "start", name, String(await freePort())]);
  try {
    expect(await fuzz(stdout.trim().split("\n").at(-1) ?? "", type, "4.0")).toEqual([]);
  } finally {
    await run(lab, ["4.0", "stop", name]);
    await run(lab, ["4.0", "wipe", name]);
  }
});
