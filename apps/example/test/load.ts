import { setTimeout as wait } from "node:timers/promises";
import { createClient, defineTask } from "@leveret/celery-amqp";
import { createWorker } from "@leveret/celery-amqp/worker";

// Sends tasks and runs them, from the addresses it is given; says at the end which were sent and which ran.
const [count = "100", ...brokers] = process.argv.slice(2);
const ran: number[] = [];
const queue = "load";
const slow = defineTask("load.slow", async (_ctx, number: number) => {
  await wait(300);
  ran.push(number);
});

const worker = createWorker({ broker: brokers, tasks: [slow], queues: [queue], concurrency: 4 });
const client = createClient({ broker: brokers });
await worker.start();
let sent = 0;
for (let number = 0; number < Number(count); number += 1) {
  await client.send(slow.with({ queue }), number);
  sent += 1;
}
for (const deadline = Date.now() + 240_000; new Set(ran).size < sent && Date.now() < deadline;) await wait(200);
console.log(JSON.stringify({ sent, ran: new Set(ran).size, runs: ran.length }));
await worker.stop();
await client.close();
