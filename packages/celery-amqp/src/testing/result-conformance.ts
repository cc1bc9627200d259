import { countingCases } from "./result-conformance/counting.ts";
import { keepingCases } from "./result-conformance/keeping.ts";
import type { ResultAbility, ResultCase } from "./result-conformance/scene.ts";
import { waitingCases } from "./result-conformance/waiting.ts";

export type { ResultAbility, ResultCase, ResultHarness, ResultSides } from "./result-conformance/scene.ts";

/**
 * What every result backend must do, as cases for any test framework; those that are about what it cannot do are left out.
 *
 * ```ts
 * test.each(resultConformance("states", "memory"))("$name", ({ run }) => run({ connect }));
 * ```
 *
 * @param abilities - what it can do beyond bringing the final state to who sent the task
 */
export function resultConformance(...abilities: readonly ResultAbility[]): readonly ResultCase[] {
  const all = [...waitingCases, ...keepingCases, ...countingCases];
  return all.filter(({ needs }) => needs.every((need) => abilities.includes(need)));
}
