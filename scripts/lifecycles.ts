// Writes docs/lifecycles.md from the tables that the code moves by: node --conditions=@leveret/source scripts/lifecycles.ts
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectionMoves } from "../packages/celery-amqp/src/amqp/lifecycle.ts";
import type { TransportState } from "../packages/celery-amqp/src/ports/transport.ts";
import { type WorkerState, workerTransitions } from "../packages/celery-amqp/src/worker/rules/lifecycle.ts";
import { type ChildState, childTransitions } from "../packages/celery-amqp/src/worker/pool/children/states.ts";
import { arrivalTable, settlementTable } from "./settlements.ts";

/** An arrow; its label says what moves, where more than one thing can. */
type Move = readonly [from: string, to: string, label?: string];

const workerStates: Readonly<Record<WorkerState, string>> = {
  new: "made; holds nothing, and gets its handlers",
  starting: "connects, declares its queues, begins to consume; a failure undoes what was begun",
  running: "takes tasks, as many at once as its concurrency",
  draining: "takes no more; what has not begun is back in its queue, running tasks have their grace",
  stopped: "everything is settled and closed; a worker does not come back from here",
};

const connectionStates: Readonly<Record<TransportState, string>> = {
  idle: "nobody has asked for it, or the first attempt failed",
  connecting: "no link; addresses are tried in turn, for ever once there was a link",
  open: "a link; what waited for it goes on",
  blocked: "a link, on which the broker takes no publishes for now: its memory or disk alarm",
  closing: "takes nothing new, finishes what is in flight",
  closed: "for good",
};

const childStates: Readonly<Record<ChildState, string>> = {
  starting: "loads the module",
  idle: "has its tasks, runs none",
  busy: "runs one",
  closing: "has run enough, or is one too many, and was told to end",
  killed: "is being ended, whatever it does",
  gone: "its process or thread has ended; another takes its place if there are tasks for it",
};

/** The whole page. */
export function lifecyclesPage(): string {
  const worker = labelled(workerTransitions);
  const connection = Object.entries(connectionMoves).flatMap(([from, states]) => states.map((to): Move => [from, to]));
  return [
    "# Lifecycles",
    "Written by `scripts/lifecycles.ts` from the tables that the code moves by; a test keeps it true. An arrow that is not here must not happen, and is an error.",
    "## Worker",
    '`packages/celery-amqp/src/worker/rules/lifecycle.ts`. `worker.state` says where it is, `worker.on("stateChanged", …)` when it moves.',
    diagram(Object.keys(workerStates), worker),
    listOf(workerStates),
    "## Connection",
    "`packages/celery-amqp/src/amqp/lifecycle.ts`. A transport has two, to publish and to consume. `client.state` is `connecting` while either is, and `blocked` when either is.",
    diagram(Object.keys(connectionStates), connection),
    listOf(connectionStates),
    "## Child of a pool",
    "`packages/celery-amqp/src/worker/pool/children/states.ts`: a thread or a process that runs one task at a time.",
    diagram(Object.keys(childStates), labelled(childTransitions)),
    listOf(childStates),
    "## Task message",
    "These tables are what the rules in `packages/celery-amqp/src/worker/rules/` answer; each effect is finished, and confirmed by the broker where it is a message, before the next begins. A crash in between repeats work and never loses it.",
    arrivalTable(),
    "And at the end of its run, for a task with a callback, an errback and somebody who waits for its result:",
    settlementTable(),
  ]
    .join("\n\n")
    .concat("\n");
}

/** The arrows of a table whose moves have names. */
function labelled(transitions: Readonly<Record<string, Readonly<Record<string, string>>>>): readonly Move[] {
  return Object.entries(transitions).flatMap(([from, moves]) =>
    Object.entries(moves).map(([move, to]): Move => [from, to, move]),
  );
}

/** It begins with the first state and ends in those that no arrow leaves. */
function diagram(names: readonly string[], moves: readonly Move[]): string {
  const ends = names.filter((name) => !moves.some(([from]) => from === name));
  const arrows = [
    `[*] --> ${names[0]}`,
    ...moves.map(([from, to, label]) => `${from} --> ${to}${label === undefined ? "" : `: ${label}`}`),
    ...ends.map((end) => `${end} --> [*]`),
  ];
  return ["```mermaid", "stateDiagram-v2", ...arrows.map((arrow) => `  ${arrow}`), "```"].join("\n");
}

function listOf(described: Readonly<Record<string, string>>): string {
  return Object.entries(described)
    .map(([name, text]) => `- \`${name}\`: ${text}`)
    .join("\n");
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, "../docs/lifecycles.md"), lifecyclesPage());
