import type { AsyncResult, RevokeTaskOptions, Settled, TaskState, WaitOptions } from "../task/sender.ts";

/**
 * The result of a group: the list of its members' results. It ends when all of them have, or with the first that fails.
 *
 * @param id - the group's
 */
export function createListResult(
  id: string,
  members: readonly AsyncResult<unknown>[],
): AsyncResult<readonly unknown[]> {
  return new ListResult(id, members);
}

class ListResult implements AsyncResult<readonly unknown[]> {
  readonly id: string;
  readonly #members: readonly AsyncResult<unknown>[];

  constructor(id: string, members: readonly AsyncResult<unknown>[]) {
    this.id = id;
    this.#members = members;
  }

  get state(): string {
    const states = this.#members.map(({ state }) => state);
    const failed = states.find((state) => state === "FAILURE" || state === "REVOKED");
    return failed ?? (states.every((state) => state === "SUCCESS") ? "SUCCESS" : "PENDING");
  }

  async get(options: WaitOptions = {}): Promise<readonly unknown[]> {
    const settled = await this.settled(options);
    if (settled.status === "SUCCESS") return settled.value;
    throw settled.error;
  }

  async settled(options: WaitOptions = {}): Promise<Settled<readonly unknown[]>> {
    const rest = new AbortController();
    const signal = options.signal === undefined ? rest.signal : AbortSignal.any([options.signal, rest.signal]);
    const values: unknown[] = [];
    const { promise: failed, resolve: fail } = Promise.withResolvers<Settled<readonly unknown[]>>();
    const all = Promise.all(
      this.#members.map(async (member, index) => {
        const settled = await member.settled({ ...options, signal });
        if (settled.status === "SUCCESS") values[index] = settled.value;
        else fail(settled);
        return settled.status === "SUCCESS";
      }),
    );
    try {
      const succeeded = all.then((ends) =>
        ends.every(Boolean) ? ({ status: "SUCCESS", value: values } as const) : failed,
      );
      return await Promise.race([succeeded, failed]);
    } finally {
      rest.abort();
      all.catch(() => {}); // those that were still awaited
    }
  }

  /** Only its end: in between, members have states and the list has none. */
  async *states(options: WaitOptions = {}): AsyncGenerator<TaskState, void, undefined> {
    const settled = await this.settled(options);
    yield { status: settled.status, meta: settled.status === "SUCCESS" ? settled.value : settled.error };
  }

  async forget(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.forget()));
  }

  /** Each of them. */
  async revoke(options: RevokeTaskOptions = {}): Promise<void> {
    await Promise.all(this.#members.map((member) => member.revoke(options)));
  }
}
