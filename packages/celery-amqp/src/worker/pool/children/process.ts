import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { childEntry, type ChildSettings, inheritedOptions, type StartChild } from "./child.ts";
import type { FromChild } from "../pipe/messages.ts";
import { fromChild, Seal } from "../pipe/seal.ts";

/** After the exit: how long messages may still lie in the pipe. */
const drainMs = 1_000;

/** Children that are processes of their own: they can be killed whatever they do, and what they break is their own. */
export function processStarter({ execArgv }: ChildSettings): StartChild {
  return (events) => {
    const child = fork(fileURLToPath(childEntry), [], {
      serialization: "advanced",
      execArgv: [...inheritedOptions(process.execArgv), ...execArgv],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const seal = new Seal<FromChild>(randomUUID(), fromChild);
    let reason: string | null = null;
    let left = false;
    const leave = (): void => {
      if (left || reason === null || child.connected) return;
      left = true;
      events.onExit(reason);
    };
    child.on("message", (received) => {
      const message = seal.open(received);
      if (message !== null) events.onMessage(message);
    });
    child.on("disconnect", leave);
    child.on("error", (error) => {
      // Without a pid there was no process, and no exit event follows.
      if (child.pid !== undefined || left) return;
      left = true;
      events.onExit(error.message);
    });
    child.on("exit", (code, signal) => {
      reason = signal === null ? `exit code ${code}` : `signal ${constants.signals[signal]} (${signal})`;
      setImmediate(leave);
      setTimeout(() => {
        if (child.connected) child.disconnect();
        leave();
      }, drainMs).unref();
    });
    return {
      name: `process ${child.pid}`,
      pid: child.pid ?? null,
      send: (message) => void (child.connected && child.send(seal.close(message), () => {})),
      kill: () => void child.kill("SIGKILL"),
    };
  };
}
