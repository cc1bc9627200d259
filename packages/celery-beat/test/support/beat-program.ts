import { createBeat } from "../../src/index.ts";

/** A beat as a process of its own; says on its output when it leads, and stops when it is told to. */
const entries = {
  quick: { task: "demo.quick", schedule: "200ms", options: { queue: "ticks" } },
  other: { task: "demo.other", schedule: "300ms", options: { queue: "ticks" } },
} as const;
// A machine under load may come to a tick late: it is not to count as missed.
const beat = createBeat({ entries, catchUp: "all" });
beat.onPhase((phase) => process.stdout.write(`${phase}\n`));
process.once("SIGTERM", () => void beat.stop());
await beat.start();
