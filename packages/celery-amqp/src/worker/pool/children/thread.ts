import { randomUUID } from "node:crypto";
import { Worker } from "node:worker_threads";
import { describeThrown } from "../../../ports/thrown.ts";
import { childEntry, type ChildSettings, inheritedOptions, type StartChild } from "./child.ts";
import type { FromChild } from "../pipe/messages.ts";
import { fromChild, Seal } from "../pipe/seal.ts";

/** Children that are threads of this process: cheaper than processes, and killed unless they sit in native code. */
export function threadStarter({ execArgv }: ChildSettings): StartChild {
  return (events) => {
    const worker = openThread(inheritedOptions(process.execArgv), execArgv);
    const seal = new Seal<FromChild>(randomUUID(), fromChild);
    const name = `thread ${worker.threadId}`;
    let error: unknown = null;
    worker.on("message", (received) => {
      const message = seal.open(received);
      if (message !== null) events.onMessage(message);
    });
    worker.on("error", (thrown) => (error = thrown));
    worker.on("exit", (code) => events.onExit(error === null ? `exit code ${code}` : describeThrown(error)));
    return {
      name,
      pid: null,
      // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread's, not a window's
      send: (message) => worker.postMessage(seal.close(message)),
      kill: () => void worker.terminate(),
    };
  };
}

/** Options of the process that a thread cannot have, such as `--max-old-space-size` and `--expose-gc`, are left out. */
function openThread(inherited: readonly string[], given: readonly string[]): Worker {
  try {
    return new Worker(childEntry, { execArgv: [...inherited, ...given] });
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "ERR_WORKER_INVALID_EXEC_ARGV") throw error;
    const { message } = error;
    const possible = inherited.filter((option) => !message.includes(option.split("=")[0] ?? option));
    return new Worker(childEntry, { execArgv: [...possible, ...given] });
  }
}
