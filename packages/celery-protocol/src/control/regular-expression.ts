import { ProtocolError } from "../wire/errors.ts";

const MAX_PATTERN_LENGTH = 4096;
const MAX_NESTING = 50;
const MAX_STEPS = 5000;

/**
 * Whether a text starts with what a Python regular expression describes, as `re.match` tells it.
 *
 * The pattern comes from whoever can publish to the control exchange, so it is not given to JavaScript's engine, which
 * a few characters can keep busy for years: all alternatives are followed at once, in time proportional to the length
 * of text times pattern. Understood are literals, `.`, `[…]`, `\d \w \s \b` and their opposites, `\A ^ $ \Z`, groups
 * (also `(?:…)` and `(?P<name>…)`), `|`, and `* + ? {m,n}`, greedy or lazy.
 *
 * @throws ProtocolError `message-invalid` for a malformed pattern, for look-around, references back, flags and
 * possessive repeats, and for a pattern of more than 4096 characters, 50 nested groups or 5000 steps once `{m,n}` are
 * written out.
 */
export function matchesRegularExpression(text: string, pattern: string): boolean {
  return run(compile(new Parser(pattern).parse(), pattern), Array.from(text));
}

type Node =
  | { readonly kind: "character"; readonly fits: (character: string) => boolean }
  | { readonly kind: "place"; readonly holds: (text: readonly string[], at: number) => boolean }
  | { readonly kind: "sequence"; readonly parts: readonly Node[] }
  | { readonly kind: "either"; readonly options: readonly Node[] }
  | { readonly kind: "repeat"; readonly node: Node; readonly min: number; readonly max: number };

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

class Parser {
  readonly #pattern: string;
  readonly #characters: readonly string[];
  #at = 0;
  #nesting = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.#characters = pattern.length > MAX_PATTERN_LENGTH ? [] : Array.from(pattern);
    if (pattern.length > MAX_PATTERN_LENGTH) throw this.#refused(`it is longer than ${MAX_PATTERN_LENGTH} characters`);
  }

  parse(): Node {
    const node = this.#either();
    if (this.#at < this.#characters.length) throw this.#refused("a parenthesis is closed that was never opened");
    return node;
  }

  #either(): Node {
    const options = [this.#sequence()];
    while (this.#take("|")) options.push(this.#sequence());
    return { kind: "either", options };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#peek() !== undefined && this.#peek() !== "|" && this.#peek() !== ")") parts.push(this.#repeated());
    return { kind: "sequence", parts };
  }

  #repeated(): Node {
    const node = this.#atom();
    const [min, max] = this.#count() ?? [1, 1];
    if (min === 1 && max === 1) return node;
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
    const braces = /^\{(\d*)(,?)(\d*)\}/.exec(this.#characters.slice(this.#at, this.#at + 12).join(""));
    if (braces === null || braces[0] === "{}") return null;
    this.#at += braces[0].length;
    const min = Number(braces[1]);
    const max = braces[2] === "" ? min : braces[3] === "" ? Infinity : Number(braces[3]);
    return [min, max];
  }

  #atom(): Node {
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
      case "*":
      case "+":
      case "?":
        throw this.#refused("there is nothing to repeat");
      default:
        return literal(character);
    }
  }

  #group(): Node {
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

  #escape(): Node {
    const place = PLACES.get(this.#peek() ?? "");
    if (place === undefined) return this.#escapedCharacter();
    this.#at += 1;
    return { kind: "place", holds: place };
  }

  #escapedCharacter(): Node & { kind: "character" } {
    const letter = this.#next();
    const known = CLASSES.get(letter);
    if (known !== undefined) return { kind: "character", fits: (other) => known.test(other) };
    const control = CONTROLS.get(letter);
    if (control !== undefined) return literal(control);
    if (/[A-Za-z0-9]/.test(letter)) throw this.#refused(`\\${letter} is not understood`);
    return literal(letter);
  }

  #set(): Node {
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

function literal(character: string): Node & { kind: "character" } {
  return { kind: "character", fits: (other) => other === character };
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

function refused(pattern: string, reason: string): ProtocolError {
  const shown = JSON.stringify(pattern.length > 80 ? `${pattern.slice(0, 80)}…` : pattern);
  return new ProtocolError(
    "message-invalid",
    "remote",
    `The pattern ${shown} of a control request is refused: ${reason}`,
  );
}

type Step =
  | { readonly kind: "character"; readonly fits: (character: string) => boolean }
  | { readonly kind: "place"; readonly holds: (text: readonly string[], at: number) => boolean }
  | { readonly kind: "fork"; readonly targets: number[] }
  | { readonly kind: "found" };

function compile(root: Node, pattern: string): readonly Step[] {
  const steps: Step[] = [];
  const emit = <Kind extends Step>(step: Kind): Kind => {
    if (steps.length >= MAX_STEPS) throw refused(pattern, `it takes more than ${MAX_STEPS} steps`);
    steps.push(step);
    return step;
  };
  const fork = (...targets: number[]): { readonly targets: number[] } => emit({ kind: "fork", targets });
  const optional = (node: Node, again: boolean): void => {
    const start = steps.length;
    const way = fork(start + 1);
    write(node);
    if (again) fork(start);
    way.targets.push(steps.length);
  };
  const write = (node: Node): void => {
    switch (node.kind) {
      case "character":
      case "place":
        emit(node);
        return;
      case "sequence":
        node.parts.forEach(write);
        return;
      case "either":
        writeEither(node.options);
        return;
      case "repeat":
        for (let time = 0; time < node.min; time += 1) write(node.node);
        if (node.max === Infinity) optional(node.node, true);
        else for (let time = node.min; time < node.max; time += 1) optional(node.node, false);
    }
  };
  const writeEither = (options: readonly Node[]): void => {
    const entry = fork();
    const exits = options.map((option) => {
      entry.targets.push(steps.length);
      write(option);
      return fork();
    });
    for (const exit of exits) exit.targets.push(steps.length);
  };
  write(root);
  emit({ kind: "found" });
  return steps;
}

/** Follows all ways through the steps side by side: no way is taken twice at one place of the text. */
function run(steps: readonly Step[], text: readonly string[]): boolean {
  let reached: ReadonlySet<number> = new Set([0]);
  for (let at = 0; at <= text.length && reached.size > 0; at += 1) {
    const next = new Set<number>();
    for (const index of spread(steps, reached, text, at)) {
      const step = steps[index];
      if (step?.kind === "found") return true;
      if (step?.kind === "character" && at < text.length && step.fits(text[at] ?? "")) next.add(index + 1);
    }
    reached = next;
  }
  return false;
}

/** Everything that can be reached from `from` without taking a character. Grows while it is walked. */
function spread(
  steps: readonly Step[],
  from: ReadonlySet<number>,
  text: readonly string[],
  at: number,
): ReadonlySet<number> {
  const reached = new Set(from);
  for (const index of reached) {
    const step = steps[index];
    if (step?.kind === "fork") for (const target of step.targets) reached.add(target);
    else if (step?.kind === "place" && step.holds(text, at)) reached.add(index + 1);
  }
  return reached;
}
