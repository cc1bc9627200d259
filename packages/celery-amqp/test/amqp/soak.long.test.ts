import { expect, test } from "vitest";
import { soak } from "../support/soak.ts";

test("1000 reconnects leave heap, listeners and handles as they were, and the consumer comes back each time", async () => {
  const { early, late, ...report } = await soak(1000);
  console.log(JSON.stringify({ early, late, ...report }));
  expect(report).toMatchObject({ delivered: 1000, warnings: [] });
  expect(late.heapBytes - early.heapBytes).toBeLessThan(2_000_000);
  expect(late.processListeners).toBe(early.processListeners);
  // Some sockets and timers come and go.
  expect(late.resources).toBeLessThan(early.resources + 10);
});
