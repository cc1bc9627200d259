import { ProtocolError } from "../wire/errors.ts";

const MAX_LENGTH = 4096;
const MAX_NESTING = 50;

/** A regular expression, taken apart. */
export type Pattern =
  | { readonly kind: "character"; readonly fits: (character: string) => boolean }
  | { readonly kind: "place"; readonly holds: (text: readonly string[], at: number) => boolean }
  | { readonly kind: "sequence"; readonly parts: readonly Pattern[] }
  | { readonly kind: "either"; readonly options: readonly Pattern[] }
  | { readonly kind: "repeat"; readonly node: Pattern; readonly min: number; readonly max: number };

const CLASSES: ReadonlyMap<string, RegExp> = new Map([
  ["d", /\p{Nd}/u],
  ["D", /\P{Nd}/u],
  ["w", /[\p{L}\p{N}_]/u],
  ["W", /[^\p{L}\p{N}_]/u],
  ["s", /\s/u],
  ["S", /\S/u],
]);
const CONTROLS: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["f", "\f"],
  ["v", "\v"],
]);
const PLACES: ReadonlyMap<string, (text: readonly string[], at: number) => boolean> = new Map([
  ["A", (_, at) => at === 0],
  ["Z", (text, at) => at === text.length],
  ["b", (text, at) => isWordEdge(text, at)],
  ["B", (text, at) => !isWordEdge(text, at)],
]);

function isWordEdge(text: readonly string[], at: number): boolean {
  return isWord(text[at - 1]) !== isWord(text[at]);
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_]/u.test(character);
}

/**
 * Takes apart what is understood of Python's regular expressions.
 *
 * @throws ProtocolError `message-invalid` for the rest, and for malformed, too long or too deeply nested patterns.
 */
export function parsePattern(pattern: string): Pattern {
  return new Parser(pattern).parse();
}

class Parser {
  readonly #pattern: string;
  readonly #characters: readonly string[];
  #at = 0;
  #nesting = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.#characters = pattern.length > MAX_LENGTH ? [] : Array.from(pattern);
    if (pattern.length > MAX_LENGTH) throw this.#refused(`it is longer than ${MAX_LENGTH} characters`);
  }

  parse(): Pattern {
    const node = this.#either();
    if (this.#at < this.#characters.length) throw this.#refused("a parenthesis is closed that was never opened");
    return node;
  }

  #either(): Pattern {
    const options = [this.#sequence()];
    while (this.#take("|")) options.push(this.#sequence());
    return { kind: "either", options };
  }

  #sequence(): Pattern {
    const parts: Pattern[] = [];
    while (this.#peek() !== undefined && this.#peek() !== "|" && this.#peek() !== ")") parts.push(this.#repeated());
    return { kind: "sequence", parts };
  }

  #repeated(): Pattern {
    const node = this.#atom();
    const count = this.#count();
    if (count === null) return node;
    const [min, max] = count;
    if (node.kind === "place") throw this.#refused("there is nothing to repeat");
    this.#take("?");
    if (this.#peek() === "+" || this.#peek() === "*" || this.#count() !== null)
      throw this.#refused("it repeats a repeat");
    if (min > max) throw this.#refused("a repeat ends below its start");
    return { kind: "repeat", node, min, max };
  }

  #count(): readonly [number, number] | null {
    if (this.#take("*")) return [0, Infinity];
    if (this.#take("+")) return [1, Infinity];
    if (this.#take("?")) return [0, 1];
    const braces = /^\{(\d*)(,?)(\d*)\}/.exec(this.#characters.slice(this.#at, this.#at + 32).join(""));
    if (braces === null || braces[0] === "{}") return null;
    this.#at += braces[0].length;
    const min = Number(braces[1]);
    const max = braces[2] === "" ? min : braces[3] === "" ? Infinity : Number(braces[3]);
    return [min, max];
  }

  #atom(): Pattern {
    if (this.#count() !== null) throw this.#refused("there is nothing to repeat");
    const character = this.#next();
    switch (character) {
      case "(":
        return this.#group();
      case "[":
        return this.#set();
      case "\\":
        return this.#escape();
      case ".":
        return { kind: "character", fits: (other) => other !== "\n" };
      case "^":
        return { kind: "place", holds: (_, at) => at === 0 };
      case "$":
        return {
          kind: "place",
          holds: (text, at) => at === text.length || (at === text.length - 1 && text[at] === "\n"),
        };
      default:
        return literal(character);
    }
  }

  #group(): Pattern {
    this.#nesting += 1;
    if (this.#nesting > MAX_NESTING) throw this.#refused(`more than ${MAX_NESTING} groups are nested`);
    if (this.#take("?")) this.#groupKind();
    const node = this.#either();
    if (!this.#take(")")) throw this.#refused("a parenthesis is not closed");
    this.#nesting -= 1;
    return node;
  }

  #groupKind(): void {
    if (this.#take(":")) return;
    const named = /^P<[A-Za-z_]\w*>/.exec(this.#characters.slice(this.#at).join(""));
    if (named === null) throw this.#refused("only (…), (?:…) and (?P<name>…) are understood of groups");
    this.#at += named[0].length;
  }

  #escape(): Pattern {
    const place = PLACES.get(this.#peek() ?? "");
    if (place === undefined) return this.#escapedCharacter();
    this.#at += 1;
    return { kind: "place", holds: place };
  }

  #escapedCharacter(): Pattern & { kind: "character" } {
    const letter = this.#next();
    const known = CLASSES.get(letter);
    if (known !== undefined) return { kind: "character", fits: (other) => known.test(other) };
    const control = CONTROLS.get(letter);
    if (control !== undefined) return literal(control);
    if (/[A-Za-z0-9]/.test(letter)) throw this.#refused(`\\${letter} is not understood`);
    return literal(letter);
  }

  #set(): Pattern {
    const negated = this.#take("^");
    const members: ((character: string) => boolean)[] = [];
    while (members.length === 0 || this.#peek() !== "]") members.push(this.#member());
    this.#at += 1;
    return { kind: "character", fits: (other) => members.some((fits) => fits(other)) !== negated };
  }

  #member(): (character: string) => boolean {
    const low = this.#next();
    if (low === "\\") return this.#escapedCharacter().fits;
    const high = this.#characters[this.#at + 1];
    if (this.#peek() !== "-" || high === undefined || high === "]" || high === "\\") return literal(low).fits;
    this.#at += 2;
    if (codeOf(low) > codeOf(high)) throw this.#refused("a range in brackets ends below its start");
    return (other) => codeOf(low) <= codeOf(other) && codeOf(other) <= codeOf(high);
  }

  #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #next(): string {
    const character = this.#characters[this.#at];
    if (character === undefined) throw this.#refused("it ends in the middle");
    this.#at += 1;
    return character;
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at += 1;
    return true;
  }

  #refused(reason: string): ProtocolError {
    return refused(this.#pattern, reason);
  }
}

function literal(character: string): Pattern & { kind: "character" } {
  return { kind: "character", fits: (other) => other === character };
}

function codeOf(character: string): number {
  return Number(character.codePointAt(0));
}

/** The error for a pattern that is not followed, with the reason. */
export function refused(pattern: string, reason: string): ProtocolError {
  const shown = JSON.stringify(pattern.length > 80 ? `${pattern.slice(0, 80)}…` : pattern);
  return new ProtocolError(
    "message-invalid",
    "remote",
    `The pattern ${shown} of a control request is refused: ${reason}`,
  );
}
