import { countingCases } from "./result-conformance/counting.ts";
import { keepingCases } from "./result-conformance/keeping.ts";
import type { ResultAbility, ResultCase } from "./result-conformance/scene.ts";
import { waitingCases } from "./result-conformance/waiting.ts";

export type { ResultAbility, ResultCase, ResultHarness, ResultSides } from "./result-conformance/scene.ts";

/**
 * What every result backend must do, as cases for any test framework; without cases of missing abilities.
 *
 * ```ts
 * test.each(resultConformance("states", "memory"))("$name", ({ run }) => run({ connect }));
 * ```
 *
 * @param abilities - its abilities beyond delivering the final state to the sender of the task
 */
export function resultConformance(...abilities: readonly ResultAbility[]): readonly ResultCase[] {
  const all = [...waitingCases, ...keepingCases, ...countingCases];
  return all.filter(({ needs }) => needs.every((need) => abilities.includes(need)));
}
