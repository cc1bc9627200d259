// A worker that dies by SIGKILL in place of a step of its way with a chord. Its arguments are the broker's address and the
// step: to read the log of the chord, to send the body, to forget the chord.
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import { defineTask } from "../../src/index.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { createWorker } from "../../src/worker.ts";

const [, , url = "", step] = process.argv;
const transport: Transport = createAmqpTransport({ url });

function die(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("unreachable");
}

const { publisher } = transport;
const publish = publisher.publish.bind(publisher);
if (step === "read") transport.browse = async () => die();
if (step === "forget") transport.deleteQueue = async () => die();
if (step === "send")
  publisher.publish = (message, to, options) =>
    message.headers["task"] === "killed.body" ? die() : publish(message, to, options);

const member = defineTask("killed.member", (_ctx, place: number, _pauseMs: number) => place);
await createWorker({
  transport,
  tasks: [member],
  queues: ["chord.header"],
  chords: "rabbitmq",
  logLevel: "warn",
}).start();
