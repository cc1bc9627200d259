import type { Clock } from "../../ports/clock.ts";

/** Copies of suspects are made; or runs of suspects begin. */
type Kind = "copy" | "run";

interface Waiting {
  readonly kind: Kind;
  readonly begin: () => void;
}

/** A copy that the broker does not confirm holds no run up for longer. */
const longestCopyMs = 5_000;

/** A run that has not ended the process by then holds no copy up. */
export const youngMs = 1_000;

/**
 * Keeps two kinds of work apart in time. A copy is between its publish and the broker's answer to the ack of its original:
 * a process that ends then leaves both. The first second of a suspect's run is when it may end the process. Each kind
 * waits for the other, in the order of arrival; work of one kind runs together.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #active: Record<Kind, number> = { copy: 0, run: 0 };
  readonly #waiting: Waiting[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether no copy is in progress: then a message that is no suspect need not wait. */
  get isQuiet(): boolean {
    return this.#active.copy === 0;
  }

  /** Makes a copy in its turn. Resolves when `work` is over, and never rejects. */
  async copy(work: () => Promise<void>): Promise<void> {
    await new Promise<void>((begin) => this.#enter("copy", begin));
    const leave = this.#leaveWithin("copy", longestCopyMs);
    await work().catch(() => {});
    leave();
  }

  /** Begins a run in its turn; `begin` gets the function to call at its end. */
  run(begin: (end: () => void) => void): void {
    this.#enter("run", () => begin(this.#leaveWithin("run", youngMs)));
  }

  /** Calls `begin` as soon as no copy is in progress. */
  pass(begin: () => void): void {
    this.#enter("run", () => {
      this.#active.run -= 1;
      begin();
    });
  }

  #enter(kind: Kind, begin: () => void): void {
    this.#waiting.push({ kind, begin });
    this.#pump();
  }

  /** Leaves once: when the returned function is called, or when the time is over. */
  #leaveWithin(kind: Kind, timeoutMs: number): () => void {
    let isOver = false;
    const leave = (): void => {
      if (isOver) return;
      isOver = true;
      cancel();
      this.#active[kind] -= 1;
      this.#pump();
    };
    const cancel = this.#clock.setTimer(timeoutMs, leave);
    return leave;
  }

  #pump(): void {
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      if (this.#active[first.kind === "copy" ? "run" : "copy"] > 0) return;
      this.#waiting.shift();
      this.#active[first.kind] += 1;
      first.begin();
    }
  }
}

const byClock = new WeakMap<Clock, Turns>();

/** The turns of all workers that share a clock, as those of one process do: they end together. */
export function turnsOf(clock: Clock): Turns {
  const known = byClock.get(clock) ?? new Turns(clock);
  byClock.set(clock, known);
  return known;
}
