import type { Command } from "commander";
import type { Terminal } from "../terminal/terminal.ts";

/** What a command is given. */
export interface Surroundings {
  readonly terminal: Terminal;
  /** Takes the exit code. */
  readonly done: (code: number) => void;
}

/** Adds a command, its options and what it does, to the program. */
export type Describe = (program: Command, surroundings: Surroundings) => void;
