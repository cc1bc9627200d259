import { createClient } from "@leveret/celery-amqp";
import { createMemoryBroker, createMemoryTransport } from "@leveret/celery-amqp/testing";
import { createWorker } from "@leveret/celery-amqp/worker";
import { tellStory } from "./story.ts";
import { tasks } from "./tasks.ts";

/** The story without a broker: worker and client in this process, on a broker in memory. */
export async function oneProcess(): Promise<void> {
  console.log("demo      worker and client run in this one process, on a broker in memory: nothing outlives it");
  const broker = createMemoryBroker();
  const worker = createWorker({ tasks, transport: createMemoryTransport({ broker }) });
  await worker.start();
  const client = createClient({ transport: createMemoryTransport({ broker }) });
  try {
    await tellStory(client, (line) => console.log(`client    ${line}`));
  } finally {
    await client.close();
    await worker.stop();
  }
}
