import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { isReady, newTask, type ResultMeta, type Tree } from "@leveret/celery-protocol";
import type { ResultTuple } from "@leveret/celery-protocol/results";
import type { CeleryError } from "../../ports/errors.ts";
import type { ResultSource, ResultStore } from "../../results/backend.ts";

/**
 * Abilities of a backend beyond delivering the final state to the sender of the task:
 *
 * - `states`: it delivers each state, not only the last
 * - `memory`: results stay until they are forgotten, for clients that did not send the task too
 * - `chords`, `groups`: it has these parts of the port
 */
export type ResultAbility = "states" | "memory" | "chords" | "groups";

/** Both sides of one backend, as one client and one worker hold them. */
export interface ResultSides {
  /** The side of a client. */
  readonly source: ResultSource;
  /** The side of a worker. */
  readonly store: ResultStore;
}

/** What an implementation brings to the suite. */
export interface ResultHarness {
  /** A client and a worker of their own, ready; all of one case share what is kept. */
  readonly connect: () => Promise<ResultSides>;
}

/** One promise of the port, to be run in any test framework: it rejects when the promise is broken. */
export interface ResultCase {
  /** A sentence about behaviour. */
  readonly name: string;
  /** The abilities it is about; it is left out for backends that lack one. */
  readonly needs: readonly ResultAbility[];
  /** Runs the case; rejects where the backend fails it. */
  readonly run: (harness: ResultHarness) => Promise<void>;
}

/** How long a case waits for what must come. */
const patienceMs = 55_000;

/** One case at work: what it connected is closed at its end. */
export class ResultScene {
  readonly #harness: ResultHarness;
  readonly #open: Side[] = [];

  constructor(harness: ResultHarness) {
    this.#harness = harness;
  }

  async connect(): Promise<Side> {
    const side = new Side(await this.#harness.connect());
    this.#open.push(side);
    return side;
  }

  async end(): Promise<void> {
    await Promise.all(this.#open.map((side) => side.close()));
  }
}

/** A client and a worker. */
export class Side {
  readonly source: ResultSource;
  readonly store: ResultStore;

  constructor({ source, store }: ResultSides) {
    this.source = source;
    this.store = store;
  }

  /** An id whose result can be awaited from now on. */
  async sent(): Promise<string> {
    const id = randomUUID();
    await this.source.prepare(id);
    return id;
  }

  /** Stores a state as a worker does that runs the task which `sender` sent. */
  async tell(meta: ResultMeta, sender: Side = this): Promise<void> {
    const { taskId: id } = meta;
    const replyTo = sender.source.replyTo(id);
    await this.store.store(meta, newTask({ id, task: "conformance.task", correlationId: id, replyTo }));
  }

  watch(taskId: string): Watch {
    return new Watch(taskId, this.source);
  }

  async close(): Promise<void> {
    await this.source.close();
    await this.store.close();
  }
}

/** The states that one watcher got. */
export class Watch {
  readonly states: ResultMeta[] = [];
  lost: CeleryError | null = null;
  readonly leave: () => void;
  #onNews: () => void = () => {};

  constructor(taskId: string, source: ResultSource) {
    this.leave = source.watch(taskId, {
      onState: (meta) => {
        this.states.push(meta);
        this.#onNews();
      },
      onLost: (error) => {
        this.lost = error;
        this.#onNews();
      },
    });
  }

  /** Waits for the final state. */
  async final(): Promise<ResultMeta> {
    await this.until("its final state", () => this.states.some(({ status }) => isReady(status)));
    return this.states.find(({ status }) => isReady(status)) as ResultMeta;
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const deadline = AbortSignal.timeout(patienceMs);
    while (!holds()) {
      await new Promise<void>((resolve, reject) => {
        const late = (): void => reject(new Error(`A watcher waited too long for ${what}`));
        deadline.addEventListener("abort", late, { once: true });
        this.#onNews = () => {
          deadline.removeEventListener("abort", late);
          resolve();
        };
      });
    }
  }
}

/** Makes a case that has a scene, and takes it down whatever happens. */
export function resultCase(
  name: string,
  needs: readonly ResultAbility[],
  play: (scene: ResultScene) => Promise<void>,
): ResultCase {
  return {
    name,
    needs,
    run: async (harness) => {
      const scene = new ResultScene(harness);
      try {
        await play(scene);
      } finally {
        await scene.end();
      }
    },
  };
}

const bare = { traceback: null, children: [], dateDone: null, extra: {} } as const;

export function success(taskId: string, result: Tree): ResultMeta {
  return { ...bare, taskId, status: "SUCCESS", result };
}

export function failure(taskId: string, message: string): ResultMeta {
  const exception = { type: "ValueError", module: "builtins", args: [message] };
  return { ...bare, taskId, status: "FAILURE", exception, traceback: "Traceback" };
}

export function progress(taskId: string, step: number): ResultMeta {
  return { ...bare, taskId, status: "OTHER", state: "PROGRESS", result: { step } };
}

/** The returned value in `meta`; fails for another state. */
export function resultIn(meta: ResultMeta): Tree {
  assert.equal(meta.status, "SUCCESS");
  return meta.status === "SUCCESS" ? meta.result : null;
}

/** The part of the port that this case is about. */
export function partOf<Part>(part: Part | undefined, name: string): Part {
  assert.ok(part, `the backend has no ${name}`);
  return part;
}

/** The result of one task, as tuples name it. */
export function single(id: string): ResultTuple {
  return { id, parent: null, members: null };
}
