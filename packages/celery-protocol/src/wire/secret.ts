/** A password that is hidden in logs, errors and inspected objects. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value, for the one call that sends it to the service. */
  reveal(): string {
    return this.#value;
  }

  /** A mask instead of the value. */
  toString(): string {
    return "***";
  }

  /** A mask instead of the value. */
  toJSON(): string {
    return "***";
  }
}
