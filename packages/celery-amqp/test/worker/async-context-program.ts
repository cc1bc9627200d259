import { AsyncLocalStorage } from "node:async_hooks";
import { createClient, currentTask, defineTask } from "@leveret/celery-amqp";
import { createMemoryBroker, createMemoryTransport } from "@leveret/celery-amqp/testing";
import { createWorker } from "@leveret/celery-amqp/worker";

// A worker that is started within a context, and tasks that enter contexts: prints which stores were seen where.

const storage = new AsyncLocalStorage<string>();
const seen: Record<string, (string | null)[]> = {};
const note = (where: string): void => void (seen[where] ??= []).push(storage.getStore() ?? null);

const enters = defineTask("context.enters", async (context, name: string) => {
  note("handler");
  storage.enterWith(name);
  await new Promise((resolve) => setImmediate(resolve));
  note(`after ${name}`);
  return currentTask()?.id === context.id;
});

const broker = createMemoryBroker();
const worker = createWorker({
  tasks: [enters],
  transport: createMemoryTransport({ broker }),
  concurrency: 4,
  logLevel: "silent",
  remoteControl: false,
  interceptors: [
    {
      run(_task, next) {
        note("interceptor");
        storage.enterWith("interceptor");
        return next();
      },
    },
  ],
});
worker.on("taskSucceeded", () => {
  note("listener");
  storage.enterWith("listener");
});
const client = createClient({ transport: createMemoryTransport({ broker }) });
await storage.run("starter", () => worker.start());
const names = ["a", "b", "c", "d", "e", "f"];
const results = await storage.run("sender", () => Promise.all(names.map((name) => client.call(enters, name))));
await client.close();
await worker.stop();
process.stdout.write(JSON.stringify({ seen, results }));
