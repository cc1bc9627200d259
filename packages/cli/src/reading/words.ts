import { InvalidArgumentError } from "commander";

/** Reads names between commas, after those of an option given before: `-Q a,b -Q c`. */
export function names(text: string, before: readonly string[] = []): readonly string[] {
  const read = text.split(",").map((name) => name.trim());
  if (read.some((name) => name === "")) throw new InvalidArgumentError("it must be names with commas between them");
  return [...new Set([...before, ...read])];
}

/** A reader of one of these words, whatever their case; aliases stand for others. */
export function oneOf<const Word extends string>(
  words: readonly Word[],
  aliases: Readonly<Record<string, Word>> = {},
): (text: string) => Word {
  return (text) => {
    const asked = text.toLowerCase();
    const word = words.find((each) => each === asked) ?? (Object.hasOwn(aliases, asked) ? aliases[asked] : undefined);
    if (word !== undefined) return word;
    throw new InvalidArgumentError(`it must be one of ${[...words, ...Object.keys(aliases)].join(", ")}`);
  };
}
