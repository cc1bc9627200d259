import { defineTask } from "@leveret/celery-amqp";

// Read by the worker of the tests, and by the threads that its tasks run in.

export const add = defineTask("threads.add", (_context, x: number, y: number) => x + y);

export const parent = defineTask("threads.parent", async ({ client }, x: number) => {
  await client.send(add, x, 1);
});
