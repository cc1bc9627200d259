import { encodeResultTuple, type ResultTuple } from "@leveret/celery-protocol/results";
import { CeleryError } from "../ports/errors.ts";
import {
  type AsyncResult,
  type GroupResult,
  type MemberEnd,
  type RevokeTaskOptions,
  type Settled,
  type TaskState,
  type WaitOptions,
  waitShape,
} from "../task/sender.ts";
import { checkOptions } from "../ports/options.ts";
import { collectFrom } from "./collect.ts";
import type { GroupStore } from "./groups.ts";

/** The dependencies of a group's result. */
export interface GroupResultParts {
  readonly tuple: ResultTuple;
  readonly members: readonly AsyncResult<unknown>[];
  /** Opens the result before it, which may have a long chain of parents. */
  readonly openParent: () => AsyncResult<unknown> | null;
  /** Null where groups cannot be saved. */
  readonly groups: GroupStore | null;
}

/** Whether this is the result of a group. */
export function isGroupResult(result: AsyncResult<unknown>): result is GroupResult<readonly unknown[]> {
  return result instanceof GroupOfResults;
}

/** The result of a group. */
export function createGroupResult(parts: GroupResultParts): GroupResult<readonly unknown[]> {
  return new GroupOfResults(parts);
}

class GroupOfResults implements GroupResult<readonly unknown[]> {
  readonly #parts: GroupResultParts;
  #parent: AsyncResult<unknown> | null | undefined;

  constructor(parts: GroupResultParts) {
    this.#parts = parts;
  }

  get id(): string {
    return this.#parts.tuple.id;
  }

  get results(): readonly AsyncResult<unknown>[] {
    return this.#parts.members;
  }

  get parent(): AsyncResult<unknown> | null {
    if (this.#parent === undefined) this.#parent = this.#parts.openParent();
    return this.#parent;
  }

  get completedCount(): number {
    return this.results.filter(({ state }) => state === "SUCCESS").length;
  }

  get state(): string {
    const states = this.results.map(({ state }) => state);
    const failed = states.find((state) => state === "FAILURE" || state === "REVOKED");
    return failed ?? (states.every((state) => state === "SUCCESS") ? "SUCCESS" : "PENDING");
  }

  join(options: WaitOptions = {}): Promise<readonly unknown[]> {
    return this.get(options);
  }

  async get(options: WaitOptions = {}): Promise<readonly unknown[]> {
    const settled = await this.settled(options);
    if (settled.status === "SUCCESS") return settled.value;
    throw settled.error;
  }

  async settled(options: WaitOptions = {}): Promise<Settled<readonly unknown[]>> {
    const values: unknown[] = Array.from({ length: this.results.length });
    for await (const { index, settled } of this.iterate(options)) {
      if (settled.status !== "SUCCESS") return settled;
      values[index] = settled.value;
    }
    return { status: "SUCCESS", value: values };
  }

  async *iterate(options: WaitOptions = {}): AsyncGenerator<MemberEnd, void, undefined> {
    checkOptions(waitShape, options, "the wait");
    const rest = new AbortController();
    const signal = options.signal === undefined ? rest.signal : AbortSignal.any([options.signal, rest.signal]);
    const ends = new Ends();
    for (const [index, result] of this.results.entries()) {
      result.settled({ ...options, signal }).then(
        (settled) => ends.add({ index, result, settled }),
        (error: unknown) => ends.fail(error),
      );
    }
    try {
      for (let left = this.results.length; left > 0; left -= 1) yield await ends.next();
    } finally {
      rest.abort(); // those that are still awaited
    }
  }

  /** Yields only the final state: members have states, the group has none. */
  async *states(options: WaitOptions = {}): AsyncGenerator<TaskState, void, undefined> {
    const settled = await this.settled(options);
    yield { status: settled.status, meta: settled.status === "SUCCESS" ? settled.value : settled.error };
  }

  toJSON(): unknown {
    return encodeResultTuple(this.#parts.tuple);
  }

  async children(): Promise<readonly AsyncResult<unknown>[]> {
    return this.results;
  }

  collect(options: WaitOptions = {}): AsyncGenerator<readonly [AsyncResult<unknown>, unknown], void, undefined> {
    return collectFrom(this, options);
  }

  async save(): Promise<void> {
    await this.#groups().save(this.#parts.tuple);
  }

  async delete(): Promise<void> {
    await this.#groups().delete(this.id);
  }

  async forget(): Promise<void> {
    await Promise.all(this.results.map((member) => member.forget()));
    await this.#parts.groups?.delete(this.id);
  }

  /** Revokes each member. */
  async revoke(options: RevokeTaskOptions = {}): Promise<void> {
    await Promise.all(this.results.map((member) => member.revoke(options)));
  }

  #groups(): GroupStore {
    return this.#parts.groups ?? refuse(this.id);
  }
}

/** @throws CeleryError `results-disabled` */
export function refuse(groupId: string): never {
  throw new CeleryError(
    "results-disabled",
    `The results backend keeps no groups: group ${groupId} cannot be saved or restored. Use results on Redis.`,
  );
}

/** Final states of the members, in the order in which they come. */
class Ends {
  readonly #ends: MemberEnd[] = [];
  #error: { readonly reason: unknown } | null = null;
  #wake: () => void = () => {};

  add(end: MemberEnd): void {
    this.#ends.push(end);
    this.#wake();
  }

  fail(reason: unknown): void {
    this.#error ??= { reason };
    this.#wake();
  }

  async next(): Promise<MemberEnd> {
    for (;;) {
      const end = this.#ends.shift();
      if (end !== undefined) return end;
      if (this.#error !== null) throw this.#error.reason;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
