import type { RabbitLab } from "@leveret/lab";
import { expect } from "vitest";

const load = new URL("load.ts", import.meta.url).pathname;
const vhost = "example";

/** What became of the tasks. */
export interface Outcome {
  readonly sent: number;
  readonly ran: number;
  /** More than `ran` where a task ran again, since the node that knew of its end was lost. */
  readonly runs: number;
}

interface Queue {
  readonly leader?: string;
  readonly messages?: number;
}

/** Ends a pod, in one way or another. */
export type Death = (pod: string) => Promise<void>;

/**
 * Has a client send tasks and a worker run them, from within the network of a pod that lives, and meanwhile ends the pods of
 * the queue's leaders, one after the other.
 */
export async function runWhilePodsDie(
  lab: RabbitLab,
  login: string,
  host: string,
  tasks: number,
  deaths: readonly Death[],
): Promise<Outcome> {
  const pods = (await lab.pods()).filter(({ name }) => name.startsWith("rabbitmq-"));
  const queue = async (): Promise<Queue> => {
    // Whichever broker lives.
    for (const { name } of pods) {
      const answer = await lab.management(name, login, "GET", `queues/${vhost}/load`).catch(() => null);
      if (answer?.status === 200) return answer.body as Queue;
    }
    return {};
  };
  const brokers = pods.map(({ ip }) => `amqp://${login}@${ip}:5672/${vhost}`);
  const node = [process.execPath, "--conditions=@leveret/source"];
  const running = lab.beside(host, ...node, load, String(tasks), ...brokers);
  for (const die of deaths) {
    const waiting = async (): Promise<number> => (await queue()).messages ?? 0;
    await expect.poll(waiting, { timeout: 60_000, interval: 200 }).toBeGreaterThan(20);
    const leader = /rabbit@(rabbitmq-\d)/.exec((await queue()).leader ?? "")?.[1];
    const dying = leader ?? "rabbitmq-2";
    console.log(`${leader} leads the queue, ${dying} dies`);
    await die(dying);
    await lab.ready(240);
  }
  return JSON.parse((await running).trim().split("\n").at(-1) ?? "") as Outcome;
}
