import { setTimeout as pause } from "node:timers/promises";
import { taskQueue } from "@leveret/celery-protocol/routing";
import type { Loss } from "./broker.ts";
import type { Program } from "./program.ts";
import { queues } from "./judging/orders.ts";
import { createRandom } from "./programs/random.ts";
import type { Fault } from "./schedule.ts";
import type { Stage } from "./stage.ts";

/** What a fault did, for the report. */
export interface Inflicted {
  /** When a node was killed. */
  readonly nodeDeath: number | null;
}

const NOTHING: Inflicted = { nodeDeath: null };

/** Does one fault and, where it lasts, undoes it again. Rejects where the fault itself could not be done. */
export async function inflict(fault: Fault, stage: Stage): Promise<Inflicted> {
  const { kind, target, forMs, atMs } = fault;
  const draw = createRandom(atMs).next();
  switch (kind) {
    case "kill-worker":
      stage.program(target).signal("SIGKILL");
      return NOTHING;
    case "stop-worker":
      stage.program(target).signal("SIGTERM");
      return NOTHING;
    case "kill-child":
      stage.program(target).killChild(draw);
      return NOTHING;
    case "reset":
      for (const proxy of stage.program(target).proxies) proxy.cut();
      return NOTHING;
    case "black-hole":
      for (const proxy of stage.program(target).proxies) proxy.hold();
      return reopenAfter(forMs, target, stage);
    case "refuse":
      await Promise.all(stage.program(target).proxies.map((proxy) => proxy.refuse()));
      return reopenAfter(forMs, target, stage);
    case "channel-404":
    case "channel-406":
      stage.program(target).order({ do: "offend", code: kind === "channel-404" ? 404 : 406, draw });
      return NOTHING;
    case "missing-exchange":
      stage.program(target).order({ do: "publish-nowhere" });
      return NOTHING;
    case "delete-queue":
      await stage.transport.deleteQueue(target);
      return NOTHING;
    case "cancel-consumers":
      await stage.transport.deleteQueue(target);
      await stage.transport.declare(taskQueue(target, {}));
      return NOTHING;
    case "kill-node":
      return loseNode("kill", await nodeOf(fault, stage), forMs, stage);
    case "stop-node":
      return loseNode("stop", await nodeOf(fault, stage), forMs, stage);
    case "freeze-node":
      return freeze(await nodeOf(fault, stage), forMs, stage);
    case "redis-refused":
      return refuseLogins(stage, forMs);
    case "clock-step":
      return stepClock(stage.program(target), forMs);
    case "memory-alarm":
      return alarm(await nodeOf(fault, stage), forMs, stage);
    case "consumer-timeout":
      return holdNobodyLong(stage, forMs);
  }
}

async function reopenAfter(ms: number, target: string, stage: Stage): Promise<Inflicted> {
  await pause(ms);
  await Promise.all(stage.program(target).proxies.map((proxy) => proxy.resume()));
  return NOTHING;
}

async function loseNode(how: Loss, node: number, forMs: number, { broker }: Stage): Promise<Inflicted> {
  const at = Date.now();
  await broker.lose(node, how);
  await pause(forMs);
  await broker.bringBack(node);
  return { nodeDeath: how === "kill" ? at : null };
}

/** Its sockets stay open, without a notice. */
async function freeze(node: number, forMs: number, { broker }: Stage): Promise<Inflicted> {
  await broker.cluster.pause(node);
  await pause(forMs);
  await broker.cluster.resume(node);
  return NOTHING;
}

async function alarm(node: number, forMs: number, { broker }: Stage): Promise<Inflicted> {
  try {
    await broker.cluster.ctl(node, "set_vm_memory_high_watermark", "absolute", "1MB");
    await pause(forMs);
  } finally {
    // After a timeout of the command the broker may still have executed it.
    await broker.cluster.ctl(node, "set_vm_memory_high_watermark", "0.4");
  }
  return NOTHING;
}

/** Instead of RabbitMQ's default of half an hour. */
async function holdNobodyLong({ broker }: Stage, forMs: number): Promise<Inflicted> {
  const set = async (ms: number): Promise<void> => {
    for (let node = 1; node <= broker.size; node += 1) {
      await broker.cluster.ctl(node, "eval", `application:set_env(rabbit, consumer_timeout, ${ms}).`);
    }
  };
  try {
    await set(broker.consumerTimeoutMs);
    await pause(forMs);
  } finally {
    await set(1_800_000);
  }
  return NOTHING;
}

async function refuseLogins(stage: Stage, forMs: number): Promise<Inflicted> {
  await stage.setRedisLogin(false);
  await pause(forMs);
  await stage.setRedisLogin(true);
  return NOTHING;
}

/** Back, and then to the true time again: a clock that is ahead would be right to run tasks before their eta. */
async function stepClock(program: Program, forMs: number): Promise<Inflicted> {
  program.order({ do: "step-clock", byMs: -2 * forMs });
  await pause(forMs);
  program.order({ do: "step-clock", byMs: 0 });
  return NOTHING;
}

async function nodeOf({ target }: Fault, { broker }: Stage): Promise<number> {
  return target === "leader" ? broker.cluster.leaderOf(queues.quorum) : Number(target.replace("node-", ""));
}
