import { type Budget, overBudget, resolveBudget } from "../wire/budget.ts";
import type { Mint } from "./mint.ts";

/** So many arguments, keyword arguments and options are part of a signature, which is counted. */
const USUAL_FIELDS = 64;
/** Objects of more keys are dictionaries in V8, which take long to copy. */
const SIGNATURES_A_FIELD = 25;
const ARGUMENTS_A_SIGNATURE = 16;

/** Adds up what is caused together, and ends it as soon as a limit is passed. */
export class Spending {
  readonly budget: Budget;
  #signatures = 0;
  #messages = 0;
  #bytes = 0;

  constructor(budget: Budget) {
    this.budget = budget;
  }

  /**
   * So many signatures are read, copied or looked at.
   *
   * @throws ProtocolError `too-many`.
   */
  signatures(count: number): void {
    this.#signatures += Math.ceil(count);
    if (this.#signatures > this.budget.signatures)
      throw overBudget("signatures", this.budget, this.#signatures, "local");
  }

  /**
   * A signature with so many keyword arguments and options is copied.
   *
   * @throws ProtocolError `too-many`.
   */
  fields(count: number): void {
    if (count > USUAL_FIELDS) this.signatures(count * SIGNATURES_A_FIELD);
  }

  /**
   * So many arguments are copied.
   *
   * @throws ProtocolError `too-many`.
   */
  args(count: number): void {
    if (count > USUAL_FIELDS) this.signatures(Math.ceil(count / ARGUMENTS_A_SIGNATURE));
  }

  /**
   * So many messages will follow, none of which is counted yet.
   *
   * @throws ProtocolError `too-many`.
   */
  expect(messages: number): void {
    const all = this.#messages + messages;
    if (all > this.budget.messages) throw overBudget("messages", this.budget, all, "local");
  }

  /**
   * One message of this size follows.
   *
   * @throws ProtocolError `too-many`, `too-large`.
   */
  message(bytes: number): void {
    this.expect(1);
    this.writable(bytes);
    this.#messages += 1;
    this.#bytes += bytes;
    if (this.#bytes > this.budget.messageBytes) throw overBudget("messageBytes", this.budget, this.#bytes, "local");
  }

  /**
   * Something of this size is written into one message.
   *
   * @throws ProtocolError `too-large`.
   */
  writable(bytes: number): void {
    if (bytes > this.budget.bodyBytes) throw overBudget("bodyBytes", this.budget, bytes, "local");
  }
}

/** What a call may cause that nothing else is counted with. */
export function spendingOf({ budget }: Mint): Spending {
  return new Spending(budget ?? resolveBudget());
}
