/** Longest accepted pattern; node and task names are far shorter. */
const MAX_PATTERN_LENGTH = 4096;

/**
 * Whether the whole of `text` matches a shell pattern: `*` any string, `?` one character, `[a-z]` one of, `[!a-z]` none
 * of. Case-sensitive. The time is proportional to both lengths for any pattern; one beyond 4096 characters matches no
 * string. Source of the rules: Python's fnmatch, which Celery uses for `task_routes` and for control patterns.
 */
export function matchesGlob(text: string, pattern: string): boolean {
  if (pattern.length > MAX_PATTERN_LENGTH) return false;
  return fits(Array.from(text), parse(Array.from(pattern)));
}

type Token = "any text" | ((character: string) => boolean);

function parse(pattern: readonly string[]): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at];
    const close = character === "[" ? closingBracket(pattern, at) : -1;
    if (close > 0) {
      tokens.push(oneOf(pattern.slice(at + 1, close)));
      at = close;
    } else if (character === "*") tokens.push("any text");
    else if (character === "?") tokens.push(() => true);
    else tokens.push((other) => other === character);
  }
  return tokens;
}

/** A bracket directly after the opening one, or after its `!`, is literal; `[` without a closing one is too. */
function closingBracket(pattern: readonly string[], open: number): number {
  const first = pattern[open + 1] === "!" ? open + 2 : open + 1;
  return pattern.indexOf("]", first + 1);
}

function oneOf(inside: readonly string[]): (character: string) => boolean {
  const negated = inside[0] === "!";
  const ranges = rangesOf(negated ? inside.slice(1) : inside);
  return (character) => {
    const code = codeOf(character);
    return ranges.some(([low, high]) => low <= code && code <= high) !== negated;
  };
}

/** A dash between two characters makes a range; at any other position it is literal. */
function rangesOf(set: readonly string[]): readonly (readonly [number, number])[] {
  const [low, dash, high] = set;
  if (low === undefined) return [];
  if (dash === "-" && high !== undefined) return [[codeOf(low), codeOf(high)], ...rangesOf(set.slice(3))];
  return [[codeOf(low), codeOf(low)], ...rangesOf(set.slice(1))];
}

function codeOf(character: string): number {
  return Number(character.codePointAt(0));
}

/** Backtracks only to the last star, so no pattern is slow. */
function fits(text: readonly string[], tokens: readonly Token[]): boolean {
  let at = 0;
  let token = 0;
  let star = -1;
  let resume = 0;
  for (let character = text[0]; character !== undefined; character = text[at]) {
    const wanted = tokens[token];
    if (wanted === "any text") {
      star = token;
      resume = at;
      token += 1;
    } else if (wanted?.(character) === true) {
      at += 1;
      token += 1;
    } else if (star >= 0) {
      resume += 1;
      at = resume;
      token = star + 1;
    } else return false;
  }
  return tokens.slice(token).every((rest) => rest === "any text");
}
