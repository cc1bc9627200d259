import { CeleryError } from "../../../ports/errors.ts";
import { createRegistry, type TaskRegistry } from "../../../task/registry.ts";
import type { AnyHandler, TaskDefinition } from "../../../task/task.ts";
import { withBuiltins } from "./builtins.ts";
import type { Runnable } from "./invoke.ts";
import type { Job } from "./job.ts";
import type { PoolKind } from "../../../task/policy.ts";
import { poolKindOf } from "../../rules/pool-kind.ts";

/** A worker's tasks, those that each worker of Celery has included, and their handlers: of the definitions, or by `implement`. */
export class Handlers {
  readonly tasks: TaskRegistry;
  readonly #pools: readonly { readonly kind: PoolKind }[];
  readonly #given = new Map<TaskDefinition, AnyHandler>();

  /**
   * @throws CeleryError `option-invalid`, `task-duplicate`
   */
  constructor(definitions: readonly TaskDefinition[], pools: readonly { readonly kind: PoolKind }[]) {
    this.tasks = createRegistry(withBuiltins(definitions, (name) => this.find(name)));
    this.#pools = pools;
  }

  /**
   * @throws CeleryError `option-invalid` also for a task that runs in children, `task-duplicate` for a task that has a handler already
   */
  implement(task: TaskDefinition, run: AnyHandler): void {
    const known = this.tasks.get(task.name);
    if (known === null)
      throw new CeleryError("option-invalid", `Task "${task.name}" is not among the worker's tasks: add it there`);
    if (typeof run !== "function") throw new CeleryError("option-invalid", `Task "${task.name}" needs a function`);
    if (this.#runsInChild(known)) {
      throw new CeleryError(
        "option-invalid",
        `Task "${task.name}" runs in ${poolKindOf(known, this.#pools)}, where no function of this process can go: export it with its handler from the pool's module`,
      );
    }
    if (known.run !== null || this.#given.has(known))
      throw new CeleryError("task-duplicate", `Task "${task.name}" has a handler already: give it one only`);
    this.#given.set(known, run);
  }

  /**
   * Children report the handlers they have.
   *
   * @throws CeleryError `task-unhandled` where a task has no handler
   */
  assertAll(): void {
    const bare = this.tasks
      .list()
      .find((task) => task.run === null && !this.#given.has(task) && !this.#runsInChild(task));
    if (bare === undefined) return;
    throw new CeleryError(
      "task-unhandled",
      `Task "${bare.name}" has no handler: define it with one, or give it by worker.implement before the start`,
    );
  }

  /**
   * @throws CeleryError `task-unhandled`
   */
  runnable({ task }: Job): Runnable {
    const found = this.find(task.task);
    if (found === null) throw new CeleryError("task-unhandled", `Task "${task.task}" has no handler`);
    return found;
  }

  /** The task of that name with its handler, null where this process has none for it. */
  find(name: string): Runnable | null {
    const definition = this.tasks.get(name);
    const handler = definition && (this.#given.get(definition) ?? definition.run);
    return definition && handler && { definition, handler: handler as Runnable["handler"] };
  }

  #runsInChild(task: TaskDefinition): boolean {
    return poolKindOf(task, this.#pools) !== "inline";
  }
}
