/** Length from which V8 makes a slice of the whole string instead of a copy. */
const SLICED_FROM = 13;

/**
 * Copies a string that may be a slice of a longer one: a kept slice of a message would keep the whole body in memory.
 */
export function ownText(text: string): string {
  // V8 flattens, and so copies, a joined string before it is sliced.
  return text.length < SLICED_FROM ? text : ` ${text}`.slice(1);
}
