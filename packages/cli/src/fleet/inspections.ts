import type { ControlOptions, Inspect } from "@leveret/celery-amqp";

/** Replies of workers, by node name. */
export type Answers = Readonly<Record<string, unknown>>;

/** An inspection or command, by Celery's name. */
export interface FleetCommand<Of> {
  readonly description: string;
  /** The arguments: `<x>` is required, `[x]` optional, `…` repeats. */
  readonly usage: string;
  run(of: Of, args: readonly string[], options: ControlOptions): Promise<Answers>;
}

/** Inspections by Celery's names. Source: celery/worker/control.py `inspect_command`. */
export const inspections: Readonly<Record<string, FleetCommand<Inspect>>> = {
  active: question("running tasks", (inspect, options) => inspect.active(options)),
  active_queues: question("queues that workers consume from", (inspect, options) => inspect.activeQueues(options)),
  clock: question("logical clocks", (inspect, options) => inspect.clock(options)),
  conf: question("settings, with secrets masked", (inspect, options) => inspect.conf(options)),
  ping: question("online workers", (inspect, options) => inspect.ping(options)),
  query_task: {
    description: "states of tasks in workers",
    usage: "<id…>",
    run: (inspect, ids, options) => inspect.queryTask(ids, options),
  },
  registered: {
    description: "names of tasks, with these attributes",
    usage: "[attribute…]",
    run: (inspect, attributes, options) => inspect.registered(attributes, options),
  },
  report: question("a report on versions and settings", (inspect, options) => inspect.report(options)),
  reserved: question("tasks that were received and not started", (inspect, options) => inspect.reserved(options)),
  revoked: question("ids of revoked tasks", (inspect, options) => inspect.revoked(options)),
  scheduled: question("tasks that wait for their eta", (inspect, options) => inspect.scheduled(options)),
  stats: question("statistics of worker, pool and process", (inspect, options) => inspect.stats(options)),
};

function question(
  description: string,
  ask: (inspect: Inspect, options: ControlOptions) => Promise<Answers>,
): FleetCommand<Inspect> {
  return { description, usage: "", run: (inspect, _, options) => ask(inspect, options) };
}
