import { type Pattern, parsePattern, refused } from "./pattern.ts";

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
  return run(new Compiler(pattern).compile(), Array.from(text));
}

type Step =
  | { readonly kind: "character"; readonly fits: (character: string) => boolean }
  | { readonly kind: "place"; readonly holds: (text: readonly string[], at: number) => boolean }
  | { readonly kind: "fork"; readonly targets: number[] }
  | { readonly kind: "found" };

/** Writes a pattern as steps; those who fork learn where their ways lead once that is known. */
class Compiler {
  readonly #pattern: string;
  readonly #steps: Step[] = [];

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  compile(): readonly Step[] {
    this.#write(parsePattern(this.#pattern));
    this.#emit({ kind: "found" });
    return this.#steps;
  }

  #write(node: Pattern): void {
    switch (node.kind) {
      case "character":
      case "place":
        this.#emit(node);
        break;
      case "sequence":
        for (const part of node.parts) this.#write(part);
        break;
      case "either":
        this.#writeEither(node.options);
        break;
      case "repeat":
        this.#writeRepeat(node.node, node.min, node.max);
    }
  }

  #writeEither(options: readonly Pattern[]): void {
    const entry = this.#fork();
    const exits = options.map((option) => {
      entry.push(this.#steps.length);
      this.#write(option);
      return this.#fork();
    });
    for (const exit of exits) exit.push(this.#steps.length);
  }

  #writeRepeat(node: Pattern, min: number, max: number): void {
    for (let time = 0; time < min; time += 1) this.#write(node);
    if (max === Infinity) this.#writeOptional(node, true);
    else for (let time = min; time < max; time += 1) this.#writeOptional(node, false);
  }

  #writeOptional(node: Pattern, again: boolean): void {
    const start = this.#steps.length;
    const ways = this.#fork(start + 1);
    this.#write(node);
    if (again) this.#fork(start);
    ways.push(this.#steps.length);
  }

  #fork(...targets: number[]): number[] {
    this.#emit({ kind: "fork", targets });
    return targets;
  }

  #emit(step: Step): void {
    if (this.#steps.length >= MAX_STEPS) throw refused(this.#pattern, `it takes more than ${MAX_STEPS} steps`);
    this.#steps.push(step);
  }
}

/** Follows all ways through the steps side by side: no way is taken twice at one place of the text. */
function run(steps: readonly Step[], text: readonly string[]): boolean {
  let reached: ReadonlySet<number> = new Set([0]);
  for (let at = 0; at <= text.length && reached.size > 0; at += 1) {
    const next = new Set<number>();
    const character = text[at];
    for (const index of spread(steps, reached, text, at)) {
      const step = steps[index];
      if (step?.kind === "found") return true;
      if (step?.kind === "character" && character !== undefined && step.fits(character)) next.add(index + 1);
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
