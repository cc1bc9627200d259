import type { ControlOptions, Inspect } from "@leveret/celery-amqp";

/** What workers answered, by node name. */
export type Answers = Readonly<Record<string, unknown>>;

/** Something that workers can be asked or told, by Celery's name of it. */
export interface FleetCommand<Of> {
  readonly description: string;
  /** The arguments in words: `<x>` must be given, `[x]` may be, `…` stands for several. */
  readonly usage: string;
  run(of: Of, args: readonly string[], options: ControlOptions): Promise<Answers>;
}

/** Questions by Celery's names. Source: celery/worker/control.py `inspect_command`. */
export const inspections: Readonly<Record<string, FleetCommand<Inspect>>> = {
  active: question("tasks that run", (inspect, options) => inspect.active(options)),
  active_queues: question("queues that workers consume from", (inspect, options) => inspect.activeQueues(options)),
  clock: question("logical clocks", (inspect, options) => inspect.clock(options)),
  conf: question("settings, secrets masked", (inspect, options) => inspect.conf(options)),
  memsample: question("resident memory", (inspect, options) => inspect.memsample(options)),
  memdump: question("the samples of memsample", (inspect, options) => inspect.memdump(options)),
  ping: question("who is there", (inspect, options) => inspect.ping(options)),
  query_task: {
    description: "where tasks are",
    usage: "<id…>",
    run: (inspect, ids, options) => inspect.queryTask(ids, options),
  },
  registered: {
    description: "names of tasks, with these attributes",
    usage: "[attribute…]",
    run: (inspect, attributes, options) => inspect.registered(attributes, options),
  },
  report: question("software and settings, for people", (inspect, options) => inspect.report(options)),
  reserved: question("tasks that were received and have not begun", (inspect, options) => inspect.reserved(options)),
  revoked: question("ids of revoked tasks", (inspect, options) => inspect.revoked(options)),
  scheduled: question("tasks held until their time", (inspect, options) => inspect.scheduled(options)),
  stats: question("numbers of worker, pool and process", (inspect, options) => inspect.stats(options)),
};

function question(
  description: string,
  ask: (inspect: Inspect, options: ControlOptions) => Promise<Answers>,
): FleetCommand<Inspect> {
  return { description, usage: "", run: (inspect, _, options) => ask(inspect, options) };
}
