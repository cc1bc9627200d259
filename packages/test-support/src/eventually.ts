import { setTimeout as pause } from "node:timers/promises";

/** Resolves when `holds` returns true; rejects with `what` after two and a half minutes. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 150_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`Waited in vain: ${what}`);
    await pause(10);
  }
}
