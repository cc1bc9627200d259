import { InvalidArgumentError } from "commander";

/** Parses names separated by commas, after those of a previous option: `-Q a,b -Q c`. */
export function names(text: string, before: readonly string[] = []): readonly string[] {
  const read = text.split(",").map((name) => name.trim());
  if (read.some((name) => name === "")) throw new InvalidArgumentError("Give names separated by commas.");
  return [...new Set([...before, ...read])];
}

/** A parser of one of these words, in any case, or of an alias. */
export function oneOf<const Word extends string>(
  words: readonly Word[],
  aliases: Readonly<Record<string, Word>> = {},
): (text: string) => Word {
  return (text) => {
    const asked = text.toLowerCase();
    const word = words.find((each) => each === asked) ?? (Object.hasOwn(aliases, asked) ? aliases[asked] : undefined);
    if (word !== undefined) return word;
    throw new InvalidArgumentError(`Give one of ${[...words, ...Object.keys(aliases)].join(", ")}.`);
  };
}
