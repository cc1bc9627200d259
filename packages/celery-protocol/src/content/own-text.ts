/** V8 makes a slice of the whole in place of a copy from this length on. */
const SLICED_FROM = 13;

/**
 * The same string, copied where it may be a slice of a longer one: for what is kept of a message, which would keep the whole
 * body in memory.
 */
export function ownText(text: string): string {
  // A joined string is made flat, a copy, before it is sliced.
  return text.length < SLICED_FROM ? text : ` ${text}`.slice(1);
}
