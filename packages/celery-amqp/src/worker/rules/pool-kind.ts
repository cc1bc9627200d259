import type { PoolKind, TaskPolicy } from "../../task/policy.ts";

/** The kind of pool in which a task runs, in a worker that has these pools: the first pool where the task names none of them. */
export function poolKindOf(
  { policy }: { readonly policy: Pick<TaskPolicy, "pool"> },
  pools: readonly { readonly kind: PoolKind }[],
): PoolKind {
  const named = pools.find(({ kind }) => kind === policy.pool);
  return (named ?? pools[0])?.kind ?? "inline";
}
