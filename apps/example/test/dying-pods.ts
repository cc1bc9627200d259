import type { RabbitLab } from "@leveret/lab";
import { expect } from "vitest";
import { type FleetReport, runFleet } from "./run-fleet.ts";

const vhost = "example";

interface Queue {
  readonly leader?: string;
  readonly messages?: number;
}

/** Ends a pod, in one way or another. */
export type Death = (pod: string) => Promise<void>;

/**
 * Has a fleet work in the network of a pod that lives, and meanwhile ends the pods of the queue's leaders, one after the
 * other.
 */
export async function runWhilePodsDie(
  lab: RabbitLab,
  login: string,
  host: string,
  tasks: number,
  deaths: readonly Death[],
): Promise<FleetReport> {
  const pods = (await lab.pods()).filter(({ name }) => name.startsWith("rabbitmq-"));
  const queue = async (): Promise<Queue> => {
    // Whichever broker lives.
    for (const { name } of pods) {
      const answer = await lab.management(name, login, "GET", `queues/${vhost}/load`).catch(() => null);
      if (answer?.status === 200) return answer.body as Queue;
    }
    return {};
  };
  const broker = `amqp://${login}@rabbitmq.${vhost}.svc.cluster.local:5672/${vhost}`;
  return runFleet(lab, host, broker, tasks, async () => {
    for (const die of deaths) {
      const inFlight = async (): Promise<number> => (await queue()).messages ?? 0;
      await expect.poll(inFlight, { timeout: 60_000, interval: 200 }).toBeGreaterThan(5);
      const leader = /rabbit@(rabbitmq-\d)/.exec((await queue()).leader ?? "")?.[1];
      const dying = leader ?? "rabbitmq-2";
      console.log(`${leader} leads the queue, ${dying} dies`);
      await die(dying);
      await lab.ready(240);
    }
  });
}
