/** One refusal of the props, for their author. */
export interface Refusal {
  /** The prop, as a path: `policies[0].definition.ha-mode`. */
  readonly prop: string;
  /** What is wrong with it, and for which version where that matters. */
  readonly reason: string;
  /** What to write instead. */
  readonly remedy: string;
}

/** A refusal as one sentence a person can act on. */
export function formatRefusal({ prop, reason, remedy }: Refusal): string {
  const advice = `${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}`;
  return `${prop}: ${reason}. ${advice}${advice.endsWith("?") ? "" : "."}`;
}

/** Thrown when props are refused; carries all refusals at once. */
export class RefusedPropsError extends Error {
  /** Every refused prop. */
  readonly refusals: readonly Refusal[];

  constructor(refusals: readonly Refusal[]) {
    super(["These props were refused:", ...refusals.map((refusal) => `- ${formatRefusal(refusal)}`)].join("\n"));
    this.name = "RefusedPropsError";
    this.refusals = refusals;
  }
}
