import type { Logger } from "../../../ports/logger.ts";
import { messageOf } from "../../../ports/thrown.ts";
import type { TaskSender } from "../../../task/sender.ts";

/**
 * Logs the failure of a call that a handler may not await. Without it the rejection of such a call, while the broker is
 * away, would be unhandled and end the process. A handler that awaits the promise gets the rejection as well.
 */
export function reported<T>(call: string, promise: Promise<T>, log: () => Logger): Promise<T> {
  promise.catch((error: unknown) => log().warn("a call of a running task failed", { call, error: messageOf(error) }));
  return promise;
}

type Call = (...args: readonly unknown[]) => Promise<unknown>;

/** The sender of a handler, its failed calls logged. */
export function reportedSender(sender: TaskSender, log: () => Logger): TaskSender {
  const reporting =
    (name: "send" | "call" | "sendByName"): Call =>
    (...args) =>
      reported(`client.${name}`, (sender[name] as Call).call(sender, ...args), log);
  const calls = { send: reporting("send"), call: reporting("call"), sendByName: reporting("sendByName") };
  return { ...calls, result: (id: string, task: never) => sender.result(id, task) } as TaskSender;
}
