import {
  duration,
  either,
  instance,
  integer,
  list,
  oneOf,
  props,
  type Shape,
  shape,
  string,
  text,
} from "@leveret/options";
import { CeleryError } from "../../ports/errors.ts";
import { invalidOption } from "../../ports/options.ts";
import { moduleUrl } from "../../system/module-url.ts";
import { type Duration, durationMs } from "../../ports/duration.ts";
import type { TaskDefinition } from "../../task/task.ts";
import type { PoolModule } from "../pool/pipe/messages.ts";

/** Tasks run in children of the worker, one in each at a time. */
export interface ChildPoolOptions {
  /**
   * `threads` share the worker's process: cheap, and a task in native code cannot be killed. `processes` stand alone: each
   * can be killed whatever it does, and what it breaks is its own.
   */
  readonly kind: "threads" | "processes";
  /**
   * The module whose exports are the tasks, each with its handler: functions cannot cross into a child, so each child
   * loads them. A URL (`new URL("./tasks.js", import.meta.url)`) or a path, taken from the working directory.
   */
  readonly module: string | URL;
  /** Names of the exports that are tasks. Default: every export that is one, or a list of them. */
  readonly exports?: readonly string[];
  /** Children at once. Default: the worker's concurrency. */
  readonly size?: number;
  /** Tasks after which a child is replaced. Default: never. */
  readonly maxTasksPerChild?: number;
  /**
   * Memory beyond which a child is replaced when its task has ended: resident memory of a process, heap and buffers of a
   * thread. Bytes, or a string such as `"200MB"` (kB, MB, GB: powers of 1 000; KiB, MiB, GiB: of 1 024). Celery counts
   * kilobytes, so numbers too small for bytes are refused. Default: no bound.
   */
  readonly maxMemoryPerChild?: number | string;
  /** How long a child may take to load the module. Default 60 s. */
  readonly startTimeout?: Duration;
  /** Options of Node for the children, after the worker's own: `["--max-old-space-size=512"]`. */
  readonly execArgv?: readonly string[];
}

/** Where a worker runs its tasks. */
export type PoolOption = "inline" | ChildPoolOptions;

/** The same, complete and checked. */
export type ResolvedPool = { readonly kind: "inline" } | ResolvedChildPool;

/** A pool of children, complete and checked. */
export interface ResolvedChildPool {
  readonly kind: "threads" | "processes";
  readonly module: PoolModule;
  readonly size: number;
  readonly maxTasks: number | null;
  readonly maxMemoryBytes: number | null;
  readonly startTimeoutMs: number;
  readonly execArgv: readonly string[];
}

/** No Node process is smaller, so a smaller number was not meant as bytes. */
const leastMemoryBytes = 16_000_000;

const units: ReadonlyMap<string, number> = new Map([
  ["b", 1],
  ["kb", 1e3],
  ["mb", 1e6],
  ["gb", 1e9],
  ["kib", 2 ** 10],
  ["mib", 2 ** 20],
  ["gib", 2 ** 30],
]);

function memoryBytes(value: unknown): number | null {
  const [, amount, unit = ""] = (typeof value === "string" && /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(value)) || [];
  const bytes = typeof value === "number" ? value : Number(amount) * (units.get(unit.toLowerCase()) ?? Number.NaN);
  return bytes >= leastMemoryBytes && Number.isFinite(bytes) ? bytes : null;
}

const childPool = props<ChildPoolOptions>({
  "kind*": oneOf("threads", "processes"),
  "module*": either(instance("the URL of the module that exports the tasks", URL), text("its path")),
  exports: list(string),
  size: integer(1),
  maxTasksPerChild: integer(1),
  maxMemoryPerChild: shape(
    'bytes, at least 16 000 000, or a string such as "200MB" (Celery counts kilobytes: its 200000 is "200MB")',
    (value) => memoryBytes(value) !== null,
  ),
  startTimeout: duration(),
  execArgv: list(string),
});

/** The shape of a pool. */
export const poolShape: Shape = either(childPool, oneOf("inline"));

/**
 * The pools of a worker, the first for tasks that name none.
 *
 * @throws CeleryError `option-invalid` for two pools of one kind
 */
export function resolvePools(option: PoolOption | readonly PoolOption[], concurrency: number): readonly ResolvedPool[] {
  const options: readonly PoolOption[] = isList(option) ? option : [option];
  const pools = options.map((each) => resolvePool(each, concurrency));
  const kinds = pools.map(({ kind }) => kind);
  if (new Set(kinds).size < kinds.length)
    throw invalidOption("the worker", "pool", kinds.join(", "), "Give one pool, or a list of pools of different kinds");
  return pools;
}

/**
 * A task that asks for a pool must not run elsewhere without a word: it may count on being killed at its limit.
 *
 * @throws CeleryError `option-invalid`
 */
export function assertPooled(tasks: readonly TaskDefinition[], pools: readonly ResolvedPool[]): void {
  const kinds = pools.map(({ kind }) => kind);
  for (const { name, policy } of tasks) {
    if (policy.pool === null || kinds.includes(policy.pool)) continue;
    throw new CeleryError(
      "option-invalid",
      `Task "${name}" asks for the pool ${policy.pool}, and the worker has ${kinds.join(", ")}: add one by its option pool`,
    );
  }
}

function isList(option: PoolOption | readonly PoolOption[]): option is readonly PoolOption[] {
  return Array.isArray(option);
}

function resolvePool(option: PoolOption, concurrency: number): ResolvedPool {
  if (option === "inline") return { kind: "inline" };
  const { kind, module, exports = null, size = concurrency, maxTasksPerChild = null, maxMemoryPerChild } = option;
  return {
    kind,
    module: { url: moduleUrl(module), exports },
    size,
    maxTasks: maxTasksPerChild,
    maxMemoryBytes: memoryBytes(maxMemoryPerChild),
    startTimeoutMs: durationMs(option.startTimeout ?? "60s", "pool.startTimeout"),
    execArgv: option.execArgv ?? [],
  };
}
