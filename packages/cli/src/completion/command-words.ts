/** The spellings of an option. */
export interface OptionWords {
  readonly short: string | null | undefined;
  readonly long: string | null | undefined;
  readonly description: string;
  readonly takesValue: boolean;
}

/** A command with its subcommands, options and arguments. */
export interface CommandWords {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionWords[];
  readonly commands: readonly CommandWords[];
}

/** A command with its path, without the program's name. */
export interface Place {
  readonly path: readonly string[];
  readonly command: CommandWords;
  /** Its own options, the program's, and help. */
  readonly options: readonly OptionWords[];
}

const help: OptionWords = { short: "-h", long: "--help", description: "display help for command", takesValue: false };

/** The program and all its commands. */
export function places(program: CommandWords): readonly Place[] {
  const below = (command: CommandWords, path: readonly string[]): readonly Place[] => [
    { path, command, options: [...new Set([...command.options, ...program.options, help])] },
    ...command.commands.flatMap((child) => below(child, [...path, child.name])),
  ];
  return below(program, []);
}

/** The spellings of an option. */
export function spellings({ short, long }: OptionWords): readonly string[] {
  return [short, long].filter((word) => word !== null && word !== undefined);
}

/** The description's first part: shells show one line. */
export function summary(text: string): string {
  return text
    .replaceAll(/[[\]'"`\\:$]/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
}
