import type { ResultMeta } from "@leveret/celery-protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PendingResults } from "../../src/results/pending.ts";
import { failure, revoked, state, success } from "../client/lab.ts";

const id = fc.constantFrom("a", "b", "c", "d", "e").map((text) => ({ id: text }));
const meta: fc.Arbitrary<ResultMeta> = fc.oneof(
  id.map((task) => success(task, 1)),
  id.map((task) => failure(task, "ValueError", [])),
  id.map((task) => revoked(task, "revoked")),
  id.map((task) => state(task, "PROGRESS", 1)),
);
const deliveries = fc.array(fc.record({ meta, bytes: fc.nat(60) }), { maxLength: 60 });

test("whatever comes in whatever order: memory stays bounded, ends stay ends, watchers see what is kept", () => {
  fc.assert(
    fc.property(
      deliveries,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 200 }),
      (sequence, maxResults, maxBytes) => {
        const results = new PendingResults({ maxResults, maxBytes });
        const seen = new Map<string, string[]>();
        for (const taskId of ["a", "b", "c", "d", "e"]) {
          results.watch(taskId, {
            onState: ({ status }) => seen.set(taskId, [...(seen.get(taskId) ?? []), status]),
            onLost: () => {},
          });
        }
        const sizes = new Map<string, number>();
        for (const { meta: each, bytes } of sequence) {
          if (!results.isSettled(each.taskId)) sizes.set(each.taskId, bytes);
          results.deliver(each, bytes);
          const kept = [...sizes.keys()].filter((taskId) => results.latest(taskId) !== null);
          const total = kept.reduce((sum, taskId) => sum + (sizes.get(taskId) ?? 0), 0);
          expect(kept.length).toBeLessThanOrEqual(maxResults);
          expect(kept.length === 1 || total <= maxBytes).toBe(true);
          for (const taskId of kept) expect(seen.get(taskId)?.at(-1)).toBe(results.latest(taskId)?.status);
        }
      },
    ),
  );
});
