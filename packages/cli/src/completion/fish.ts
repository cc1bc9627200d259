import { type CommandWords, type OptionWords, type Place, places, summary } from "./command-words.ts";

/** A script for fish: completes words with their descriptions. */
export function fishCompletion(program: CommandWords): string {
  const lines = places(program).flatMap((place) => linesOf(program.name, place));
  return `# fish completion of ${program.name}: ${program.name} completion fish | source\n${lines.join("\n")}\n`;
}

function linesOf(program: string, { path, command }: Place): readonly string[] {
  const start = `complete -c ${program}`;
  const when = conditionOf(path, command);
  const commands = command.commands.map(
    (child) => `${start} -f -n '${when}' -a ${child.name} -d '${summary(child.description)}'`,
  );
  const scope = path.length === 0 ? "" : ` -n '${when}'`;
  return [...commands, ...command.options.map((option) => `${start}${scope}${flags(option)}`)];
}

/** The condition: after the command, and before its subcommands. */
function conditionOf(path: readonly string[], { commands }: CommandWords): string {
  const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const notYet =
    commands.length === 0 ? [] : [`not __fish_seen_subcommand_from ${commands.map(({ name }) => name).join(" ")}`];
  return [...seen, ...notYet].join("; and ");
}

function flags({ short, long, description, takesValue }: OptionWords): string {
  const words = [
    ...(short === null || short === undefined ? [] : [`-s ${short.slice(1)}`]),
    ...(long === null || long === undefined ? [] : [`-l ${long.slice(2)}`]),
    ...(takesValue ? ["-r"] : []),
    `-d '${summary(description)}'`,
  ];
  return ` ${words.join(" ")}`;
}
