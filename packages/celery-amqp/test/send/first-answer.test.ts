import { describe, expect, test } from "vitest";
import { firstAnswer } from "../../src/send/first-answer.ts";
import type { Leaving } from "../../src/send/outgoing.ts";
import type { AsyncResult } from "../../src/task/sender.ts";

function outgoing(get: AsyncResult<unknown>["get"]): Leaving {
  const result = { id: "id-1", get } as AsyncResult<unknown>;
  return { result, signal: null };
}

/** Waits until the signal is aborted. */
const untilAborted: AsyncResult<unknown>["get"] = ({ signal } = {}) =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason as Error));
  });

describe("the first answer to a call", () => {
  test("is the result, though the confirm is still to come", async () => {
    const answer = firstAnswer((leaving) => {
      leaving(outgoing(() => Promise.resolve(5)));
      return new Promise(() => {});
    });
    expect(await answer).toBe(5);
  });

  test("is the failure of sending, and nobody waits for a result any more", async () => {
    let ended: unknown;
    const answer = firstAnswer((leaving) => {
      leaving(outgoing((options) => untilAborted(options).catch((error: unknown) => (ended = error))));
      return Promise.reject(new Error("unroutable"));
    });
    await expect(answer).rejects.toThrow("unroutable");
    expect(ended).toMatchObject({ message: "unroutable" });
  });

  test("is what kept the message from leaving", async () => {
    await expect(firstAnswer(() => Promise.reject(new Error("invalid")))).rejects.toThrow("invalid");
  });

  test("comes after the confirm as well", async () => {
    const sent = outgoing(() => Promise.resolve("late"));
    expect(await firstAnswer(() => Promise.resolve(sent))).toBe("late");
  });
});
