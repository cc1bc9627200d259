import type { Terminal } from "./terminal.ts";

const barColumns = 24;

/** A bar with its numbers: `Redriving ████████░░░░ 34/100`. A total of 0 shows no bar, only the count. */
export function progressLine(label: string, done: number, total: number): string {
  if (total === 0) return `${label} ${done}`;
  const full = Math.min(barColumns, Math.floor((done / total) * barColumns));
  return `${label} ${"█".repeat(full)}${"░".repeat(barColumns - full)} ${done}/${total}`;
}

/** Shows progress on an interactive terminal. */
export interface Progress {
  /** Counts one more item. */
  step(): void;
  /** Removes the bar. */
  end(): void;
}

/** Redrawn at each whole percent, not at each step. */
export function createProgress(terminal: Terminal, label: string, total: number): Progress {
  const every = Math.max(1, Math.floor(total / 100));
  let done = 0;
  terminal.redraw(progressLine(label, done, total));
  return {
    step: () => {
      done += 1;
      if (done % every === 0 || done === total) terminal.redraw(progressLine(label, done, total));
    },
    end: () => terminal.redraw(""),
  };
}
