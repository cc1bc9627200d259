// A worker that dies by SIGKILL in place of its first ack. Its first argument is the broker's address.
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import { defineTask } from "../../src/index.ts";
import type { Delivery, Transport } from "../../src/ports/transport.ts";
import { createWorker } from "../../src/worker.ts";

const transport: Transport = createAmqpTransport({ url: process.argv[2] ?? "" });
const subscribe = transport.subscribe.bind(transport);
transport.subscribe = (options, onDelivery) =>
  subscribe(options, (delivery: Delivery) => {
    delivery.ack = (): boolean => {
      process.kill(process.pid, "SIGKILL");
      return false;
    };
    onDelivery(delivery);
  });

const add = defineTask("killed.add", (_ctx, x: number, y: number) => x + y);
await createWorker({ transport, tasks: [add], queues: ["killed"], logLevel: "warn" }).start();
