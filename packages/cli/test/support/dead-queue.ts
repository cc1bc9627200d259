import { randomUUID } from "node:crypto";
import { createTransport, type Transport } from "@leveret/celery-amqp";
import { createContent, encodeTask, newTask } from "@leveret/celery-protocol";
import { deadQueue, taskQueue } from "@leveret/celery-protocol/routing";
import { onTestFinished } from "vitest";
import { eventually } from "@leveret/test-support/eventually";

/** A connection to look at queues with; closed when the test is over. */
export async function lookAt(url: string): Promise<Transport> {
  const transport = createTransport({ broker: url });
  onTestFinished(() => transport.close());
  await transport.connect();
  return transport;
}

/** Puts dead letters of a queue where a worker would; tells their ids. The queue itself is declared too. */
export async function fillDeadQueue(transport: Transport, queue: string, count: number): Promise<readonly string[]> {
  const dead = deadQueue(queue);
  await transport.declare(taskQueue(queue));
  await transport.declare(dead);
  const ids = Array.from({ length: count }, () => randomUUID());
  await Promise.all(
    ids.map((id, index) => {
      const task = newTask({ id, task: index % 2 === 0 ? "even" : "odd", args: [index] });
      const { headers, ...message } = encodeTask(task, createContent());
      const died = { "x-leveret-reason": "unregistered", "x-leveret-queue": queue, "x-leveret-error": "nobody has it" };
      const address = { exchange: "", routingKey: dead.queue };
      return transport.publisher.publish({ ...message, headers: { ...headers, ...died } }, address);
    }),
  );
  return ids;
}

/** Takes all that waits in a queue out of it; tells the tasks' ids. */
export async function drain(transport: Transport, queue: string): Promise<readonly string[]> {
  const ids: string[] = [];
  const subscription = await transport.subscribe({ queue, prefetch: 500 }, (delivery) => {
    ids.push(String(delivery.message.headers["id"]));
    delivery.ack();
  });
  await eventually(`${queue} is empty`, async () => {
    const seen = ids.length;
    const info = await transport.inspectQueue(queue);
    return info?.messageCount === 0 && ids.length === seen;
  });
  await subscription.cancel();
  await subscription.drained;
  return ids;
}
