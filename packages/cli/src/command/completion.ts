import type { Command } from "commander";
import { bashCompletion } from "../completion/bash.ts";
import type { CommandWords } from "../completion/command-words.ts";
import { fishCompletion } from "../completion/fish.ts";
import { zshCompletion } from "../completion/zsh.ts";
import { commands } from "../fleet/commands.ts";
import { inspections } from "../fleet/inspections.ts";
import { oneOf } from "../reading/words.ts";
import type { Describe } from "./describe.ts";

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** `leveret completion`: a completion script for a shell. */
export const describeCompletion: Describe = (program, { terminal }) => {
  program
    .command("completion")
    .description("print a completion script for a shell: source <(leveret completion bash)")
    .argument("<shell>", "bash, zsh or fish", oneOf(["bash", "zsh", "fish"]))
    .action((shell: keyof typeof scripts) => terminal.out(scripts[shell](wordsOf(program))));
};

/** The words of the commands and their options. */
function wordsOf(command: Command): CommandWords {
  const options = command.options.map(({ short = null, long = null, description, required }) => ({
    short,
    long,
    description,
    takesValue: required,
  }));
  const fleet = Object.entries(fleetCommands[command.name()] ?? {});
  const told = fleet.map(([name, { description }]) => ({ name, description, options, commands: [] }));
  return {
    name: command.name(),
    description: command.description(),
    options,
    commands: [...command.commands.map(wordsOf), ...told],
  };
}

/** First arguments that act as subcommands. */
const fleetCommands: Readonly<Record<string, Readonly<Record<string, { readonly description: string }>>>> = {
  inspect: inspections,
  control: commands,
};
