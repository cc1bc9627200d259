import { toValue } from "@leveret/celery-protocol";
import { CONTROL_ALIASES } from "@leveret/celery-protocol/control";
import { invalidOption } from "../../ports/options.ts";
import { type Allowance, allowedOnly } from "./allowance.ts";
import type { Command, Panel } from "./command.ts";
import { consumers } from "./consumers.ts";
import { limits } from "./limits.ts";
import { createMemoryCommands } from "./memory.ts";
import { readings } from "./readings.ts";
import { revoking } from "./revoking.ts";
import { eventCommands } from "./events.ts";
import type { Controls } from "./controls.ts";

/** The worker as a command of the user's sees it. */
export interface CommandedWorker extends Controls {
  /** Node name, `celery@host`. */
  readonly name: string;
}

/**
 * A command of your own: what it returns, or resolves to, is the reply; what it throws is answered as an error.
 *
 * @param args - the arguments of the command, by name; they come from outside, so check them
 */
export type WorkerCommand = (args: Readonly<Record<string, unknown>>, worker: CommandedWorker) => unknown;

/** Commands by name. */
export type WorkerCommands = Readonly<Record<string, WorkerCommand>>;

/** All commands of a worker, Celery's with their older names and those of the user: those that are not allowed refuse. */
export function createPanel(custom: WorkerCommands, worker: CommandedWorker, allowance: Allowance): Panel {
  const panel = new Map(Object.entries(builtIn()));
  for (const [alias, name] of CONTROL_ALIASES) {
    const command = panel.get(name);
    if (command !== undefined) panel.set(alias, command);
  }
  for (const [name, run] of Object.entries(custom)) panel.set(name, customCommand(run, worker));
  for (const [name, command] of panel) panel.set(name, allowedOnly(name, command, allowance));
  return panel;
}

/** Names of all commands: Celery's own and those of the user. */
export function commandNames(custom: WorkerCommands): ReadonlySet<string> {
  return new Set([...Object.keys(builtIn()), ...Object.keys(custom)]);
}

/**
 * @throws CeleryError `option-invalid`
 */
export function resolveCommands(commands: WorkerCommands = {}): WorkerCommands {
  const own = builtIn();
  const taken = Object.keys(commands).find((name) => Object.hasOwn(own, name) || CONTROL_ALIASES.has(name));
  if (taken === undefined) return commands;
  throw invalidOption("the worker", "commands", taken, "Choose another name: it is a command of Celery's own");
}

function builtIn(): Readonly<Record<string, Command>> {
  return { ...readings, ...createMemoryCommands(), ...revoking, ...limits, ...consumers, ...eventCommands };
}

function customCommand(run: WorkerCommand, worker: CommandedWorker): Command {
  return { run: (given) => run(toValue(given) as Readonly<Record<string, unknown>>, worker) as object };
}
