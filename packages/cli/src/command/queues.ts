import { plain } from "@leveret/celery-protocol/wire";
import { loadModule } from "../reading/load-module.ts";
import { type CommonOptions, withTransport } from "../reading/broker.ts";
import { names } from "../reading/words.ts";
import { listQueues, readManagement } from "../queues/management.ts";
import { isMissing, type MissingQueue, type QueueDepth } from "../queues/queue-depth.ts";
import { table } from "../terminal/table.ts";
import { exitCodes, type Terminal } from "../terminal/terminal.ts";
import { toJson } from "../terminal/to-json.ts";
import type { Describe } from "./describe.ts";

interface QueuesFlags extends CommonOptions {
  readonly queues?: readonly string[];
  readonly management?: string;
}

/** `leveret queues`: prints the numbers of messages and consumers of queues. */
export const describeQueues: Describe = (program, { terminal, done }) => {
  program
    .command("queues")
    .description("print the numbers of messages and consumers of queues")
    .option("-Q, --queues <names>", "queues, separated by commas (default: those of -A, and celery)", names)
    .option("--management <url>", "use RabbitMQ's management API at this URL, which lists all queues of the vhost")
    .action(async (_: unknown, command: { optsWithGlobals(): unknown }) => {
      const flags = command.optsWithGlobals() as QueuesFlags;
      const queues = flags.management === undefined ? await inspected(flags) : await managed(flags.management, flags);
      show(queues, flags, terminal);
      done(queues.some(isMissing) && flags.queues !== undefined ? exitCodes.failed : exitCodes.well);
    });
};

async function inspected(flags: QueuesFlags): Promise<readonly (QueueDepth | MissingQueue)[]> {
  const wanted = flags.queues ?? (await queuesOf(flags.app));
  return withTransport(flags, async (transport) => {
    const found: (QueueDepth | MissingQueue)[] = [];
    for (const name of wanted) {
      const info = await transport.inspectQueue(name);
      if (info === null) found.push({ name, missing: true });
      else
        found.push({ name, ready: info.messageCount, unacknowledged: null, consumers: info.consumerCount, type: null });
    }
    return found;
  });
}

/** The queues of a module's tasks, and Celery's default queue. */
export async function queuesOf(app: string | undefined): Promise<readonly string[]> {
  if (app === undefined) return ["celery"];
  const { tasks } = await loadModule(app);
  return [...new Set(["celery", ...tasks.flatMap(({ options }) => options.queue ?? [])])];
}

async function managed(url: string, flags: QueuesFlags): Promise<readonly (QueueDepth | MissingQueue)[]> {
  const all = await listQueues(readManagement(url, flags.broker ?? process.env["CELERY_BROKER_URL"]));
  const { queues } = flags;
  return queues?.map((name) => all.find((queue) => queue.name === name) ?? { name, missing: true }) ?? all;
}

function show(queues: readonly (QueueDepth | MissingQueue)[], { json }: CommonOptions, terminal: Terminal): void {
  if (json === true) terminal.out(`${toJson(queues)}\n`);
  else
    terminal.out(
      table(
        ["QUEUE", "READY", "UNACKED", "CONSUMERS", "TYPE"],
        queues.map((queue) => row(queue, terminal)),
      ),
    );
}

function row(queue: QueueDepth | MissingQueue, terminal: Terminal): readonly (string | number)[] {
  if (isMissing(queue)) return [plain(queue.name), "-", "-", "-", terminal.paint("yellow", "no such queue")];
  const { name, ready, unacknowledged, consumers, type } = queue;
  return [plain(name), ready, unacknowledged ?? "-", consumers, plain(type ?? "-")];
}
