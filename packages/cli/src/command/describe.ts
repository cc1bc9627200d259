import type { Command } from "commander";
import type { Terminal } from "../terminal/terminal.ts";

/** Terminal and exit of a command. */
export interface Surroundings {
  readonly terminal: Terminal;
  /** Takes the exit code. */
  readonly done: (code: number) => void;
}

/** Adds a command with its options and action to the program. */
export type Describe = (program: Command, surroundings: Surroundings) => void;
