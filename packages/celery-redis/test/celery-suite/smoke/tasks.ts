// What the tasks of Celery's own smoke tests (t/smoke/tasks.py, t/smoke/tests/stamping/tasks.py) do, in our words.
import { setTimeout as pause } from "node:timers/promises";
import { defineTask, type Signature, signatureFrom, type TaskContext, type TaskOptions } from "@leveret/celery-amqp";

const module = "t.smoke.tasks";
const stampingModule = "t.smoke.tests.stamping.tasks";

/** Seconds, one by one, each of which may be told. */
async function seconds({ signal }: TaskContext, count: number, tell: (second: number) => void): Promise<void> {
  for (let second = 0; second < Math.trunc(count); second += 1) {
    await pause(1_000, undefined, { signal });
    tell(second);
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** All of them, with what the tests change for each task. */
export function smokeTasks(all: Pick<TaskOptions, "acks" | "trackStarted">) {
  return [
    defineTask(`${module}.noop`, { ...all, run: () => null }),
    defineTask(`${module}.summarize_results`, {
      ...all,
      run: (_context, numbers: readonly number[]) => total(numbers),
    }),
    defineTask(`${module}.add_with_explicit_lazy_option`, { ...all, run: (_context, x: number, y: number) => x + y }),
    defineTask(`${module}.long_running_task`, {
      ...all,
      run: async (context, count: number = 1, isVerbose: boolean = false) => {
        print("Starting long running task");
        await seconds(context, count, (second) => isVerbose && print(`Sleeping: ${second}`));
        print("Finished long running task");
        return true;
      },
    }),
    defineTask(`${module}.soft_time_limit_lower_than_time_limit`, {
      ...all,
      softTimeLimit: "3s",
      timeLimit: "5s",
      run: (context) => pause(4_000, undefined, { signal: context.signal }),
    }),
    defineTask(`${module}.self_termination_delay_timeout`, {
      ...all,
      timeLimit: "2s",
      run: ({ signal }) => pause(4_000, undefined, { signal }),
    }),
    defineTask(`${module}.replace_with_task`, {
      ...all,
      run: (context: TaskContext, by: unknown = null) => context.replace(by === null ? replaced() : signatureFrom(by)),
    }),
    defineTask(`${module}.countdown_task_with_retry`, { ...all, run: (context) => retryUpTo(context, 1) }),
    defineTask(`${module}.non_eta_task_with_retries`, { ...all, run: (context) => retryUpTo(context, 2) }),
    defineTask(`${stampingModule}.waitfor`, {
      ...all,
      run: async (context, count: number) => {
        print(`Waiting for ${count} seconds...`);
        await seconds(context, count, (second) => print(`${second + 1} seconds passed`));
        print("Done waiting");
      },
    }),
    defineTask(`${stampingModule}.wait_for_revoke`, {
      ...all,
      run: (context: TaskContext, count: number, { waitfor_worker_queue: queue }: { waitfor_worker_queue: string }) => {
        const waiting = defineTask<(count: number) => null>(`${stampingModule}.waitfor`).s(count).with({ queue });
        const marks = { StampOnReplace: "This is the replaced task" };
        return context.replace(waiting.stamp({ visitor: { onSignature: () => marks } }));
      },
    }),
  ];
}

function replaced(): Signature<[], unknown> {
  return defineTask<() => unknown>("t.integration.tasks.replaced_with_me").s();
}

function retryUpTo(context: TaskContext, count: number): unknown {
  const { retries } = context.request;
  return retries < count ? context.retry({ cause: new Error("Simulated failure"), in: "3s" }) : retries;
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
