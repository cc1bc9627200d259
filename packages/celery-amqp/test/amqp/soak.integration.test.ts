import { expect, test } from "vitest";
import { soak } from "../support/soak.ts";

test("40 reconnects leave heap, listeners and handles as they were, and the consumer comes back each time", async () => {
  const { early, late, ...report } = await soak(40);

  expect(report).toMatchObject({ delivered: 40, warnings: [] });
  expect(late.heapBytes - early.heapBytes).toBeLessThan(2_000_000);
  expect(late.processListeners).toBe(early.processListeners);
  // Some sockets and timers come and go.
  expect(late.resources).toBeLessThan(early.resources + 10);
});
