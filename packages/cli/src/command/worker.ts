import { runWorker, type WorkerCommands } from "@leveret/celery-amqp/worker";
import { loadTasks } from "../reading/load-module.ts";
import { logLevel } from "../reading/log-level.ts";
import { count, duration, natural } from "../reading/numbers.ts";
import type { CommonOptions } from "../reading/broker.ts";
import { openResults, resultPlace } from "../reading/result-backend.ts";
import { names, oneOf } from "../reading/words.ts";
import type { Describe } from "./describe.ts";
import { withHandlers, type WorkerFlags, workerOptions } from "./worker-options.ts";

/** `leveret worker`: runs until signals stop it; the exit code is that of `runWorker`. */
export const describeWorker: Describe = (program, { terminal }) => {
  program
    .command("worker")
    .description("run a worker: SIGTERM stops it warm, a second one or SIGQUIT cold")
    .option("-Q, --queues <names>", "queues to consume, separated by commas (default: celery)", names)
    .option(
      "-c, --concurrency <number>",
      "most tasks at once (default: 10; with --pool the number of processors)",
      count,
    )
    .option("-n, --hostname <name>", "node name; %h, %n and %d are host, name and domain (default: celery@%h)")
    .option("-l, --loglevel <level>", "debug, info, warning, error or critical (default: info)", logLevel)
    .option("-P, --pool <pool>", "inline (default; solo: one at a time), threads, or processes (prefork)", pool)
    .option("--time-limit <seconds>", "hard limit of a task's runtime, unless the task has its own", duration)
    .option(
      "--soft-time-limit <seconds>",
      "runtime after which ctx.signal is aborted, unless the task has its own",
      duration,
    )
    .option("--max-tasks-per-child <number>", "tasks after which a thread or process is replaced", count)
    .option("--max-memory-per-child <kilobytes>", "memory beyond which a thread or process is replaced", count)
    .option("-E, --task-events", "send task events, for monitors")
    .option("-S, --statedb <file>", "file for revoked ids, to keep them across restarts")
    .option("--grace <time>", "time for running tasks at a warm shutdown (default: 25s)", duration)
    .option("--log-format <format>", "text (default) or json", oneOf(["text", "json"]))
    .option("--health-port <port>", "port for /healthz and /readyz", natural)
    .option("--health-host <address>", "with --health-port: the address to listen on (default: all)")
    .option("--allow-control <commands>", "the only allowed commands of remote control, separated by commas", names)
    .option("--deny-control <commands>", "commands of remote control to refuse, separated by commas", names)
    .option(
      "--chords <where>",
      "rabbitmq: count chords on the broker, for result backends that cannot",
      oneOf(["rabbitmq"]),
    )
    .action(async (_: unknown, command: { optsWithGlobals(): unknown }) => {
      const flags = command.optsWithGlobals() as WorkerFlags & CommonOptions;
      // Handle signals while the tasks are loaded.
      await runWorker(async () => {
        const { url, tasks, exports } = await loadTasks(flags.app);
        const { commands } = exports as { readonly commands?: WorkerCommands };
        const { runnable, missing } = withHandlers(tasks);
        for (const { name } of missing)
          terminal.err(`task ${name} has no handler in ${flags.app}: this worker does not run it`);
        const options = workerOptions(flags, { url, tasks: runnable, commands });
        const place = resultPlace(flags.resultBackend) ?? "rpc";
        // No logger: the worker itself logs that it waits for Redis.
        return { ...options, results: await openResults(place) };
      });
    });
};

const pool = oneOf(["inline", "threads", "processes", "solo"], { prefork: "processes" });
