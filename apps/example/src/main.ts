import { Command } from "commander";
import { clientMode } from "./client.ts";
import { demo } from "./demo.ts";
import { workerMode } from "./worker.ts";

const program = new Command("example")
  .description("Tasks travelling through RabbitMQ: a worker that serves them, a client that sends them.")
  .addHelpText("after", "\nThe broker is CELERY_BROKER_URL, by default amqp://guest:guest@localhost:5672//");

program
  .command("worker")
  .description("serve the queue celery until SIGTERM or Ctrl-C")
  .option("-c, --concurrency <n>", "tasks at a time", Number)
  .option("-g, --grace <duration>", "how long running tasks may go on when it stops, such as 2m")
  .option("--json", "log lines as JSON")
  .action(workerMode);

program.command("client").description("send each task once and print its states and result").action(clientMode);

program
  .command("demo")
  .description("start a broker (unless CELERY_BROKER_URL names one), a worker and a client, and stop them at the end")
  .action(demo);

await program.parseAsync();
