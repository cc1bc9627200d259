import type { FromChild, ToChild } from "../pipe/messages.ts";

/** A thread or process that runs one task at a time. */
export interface Child {
  /** For logs: `process 4711`, `thread 3`. */
  readonly name: string;
  /** Its process; null for a thread of this one. */
  readonly pid: number | null;
  /** A message to a child that is gone is dropped: its exit is reported. */
  send(message: ToChild): void;
  /** Ends it now, whatever it does. May be called twice. */
  kill(): void;
}

/** The messages and the end of a child. */
export interface ChildEvents {
  onMessage(message: FromChild): void;
  /** Called once, after its last message. `reason` is for people: `exit code 1`, `signal 9 (SIGKILL)`. */
  onExit(reason: string): void;
}

/** Starts a child. No callback is called before this has returned. */
export type StartChild = (events: ChildEvents) => Child;

/** How children are started. */
export interface ChildSettings {
  /** Options of Node, after those of the parent. */
  readonly execArgv: readonly string[];
}

/** Options of this process that a child takes over; two debuggers cannot listen at one port. */
export function inheritedOptions(execArgv: readonly string[]): readonly string[] {
  return execArgv.filter((option) => !option.startsWith("--inspect"));
}

/** The program of a child: beside this file as source, and beside the bundle that this file is in when built. */
export const childEntry: URL = new URL(
  import.meta.url.endsWith(".ts") ? "../in-child/entry.ts" : "./child-entry.js",
  import.meta.url,
);
