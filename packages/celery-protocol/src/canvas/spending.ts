import { type Budget, overBudget, resolveBudget } from "../wire/budget.ts";
import type { Mint } from "./mint.ts";

/** Arguments, keyword arguments and options that the count of one signature includes. */
const USUAL_FIELDS = 64;
/** Larger objects are dictionaries in V8, which are slow to copy. */
const SIGNATURES_A_FIELD = 25;
const ARGUMENTS_A_SIGNATURE = 16;

/** Adds up the messages and signatures of one call, and throws as soon as a limit of the budget is passed. */
export class Spending {
  /** The limits. */
  readonly budget: Budget;
  #signatures = 0;
  #messages = 0;
  #bytes = 0;

  constructor(budget: Budget) {
    this.budget = budget;
  }

  /**
   * Counts signatures that are read or copied.
   *
   * @throws ProtocolError `too-many`.
   */
  signatures(count: number): void {
    this.#signatures += Math.ceil(count);
    if (this.#signatures > this.budget.signatures)
      throw overBudget("signatures", this.budget, this.#signatures, "local");
  }

  /**
   * Counts a copied signature with this number of keyword arguments and options.
   *
   * @throws ProtocolError `too-many`.
   */
  fields(count: number): void {
    if (count > USUAL_FIELDS) this.signatures(count * SIGNATURES_A_FIELD);
  }

  /**
   * Counts copied arguments.
   *
   * @throws ProtocolError `too-many`.
   */
  args(count: number): void {
    if (count > USUAL_FIELDS) this.signatures(Math.ceil(count / ARGUMENTS_A_SIGNATURE));
  }

  /**
   * Checks that this number of further messages is allowed.
   *
   * @throws ProtocolError `too-many`.
   */
  expect(messages: number): void {
    const all = this.#messages + messages;
    if (all > this.budget.messages) throw overBudget("messages", this.budget, all, "local");
  }

  /**
   * Counts one message of this size.
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
   * Checks the size of a value in one message.
   *
   * @throws ProtocolError `too-large`.
   */
  writable(bytes: number): void {
    if (bytes > this.budget.bodyBytes) throw overBudget("bodyBytes", this.budget, bytes, "local");
  }
}

/** A new count for a single call. */
export function spendingOf({ budget }: Mint): Spending {
  return new Spending(budget ?? resolveBudget());
}
