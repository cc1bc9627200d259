// Writes docs/lifecycles.md from the transition tables of the code: node --conditions=@leveret/source scripts/lifecycles.ts
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectionMoves } from "../packages/celery-amqp/src/amqp/lifecycle.ts";
import type { TransportState } from "../packages/celery-amqp/src/ports/transport.ts";
import { type WorkerState, workerTransitions } from "../packages/celery-amqp/src/worker/rules/lifecycle.ts";
import { type ChildState, childTransitions } from "../packages/celery-amqp/src/worker/pool/children/states.ts";
import { arrivalTable, settlementTable } from "./settlements.ts";

/** An arrow; its label names the moving object, where several can move. */
type Move = readonly [from: string, to: string, label?: string];

const workerStates: Readonly<Record<WorkerState, string>> = {
  new: "constructed; holds no resource, and accepts handlers",
  starting: "connects, declares its queues, begins to consume; a failure undoes the steps taken",
  running: "takes tasks, as many at once as its concurrency",
  draining:
    "takes no messages; messages whose tasks have not begun are requeued, running tasks have their grace period",
  stopped: "everything is settled and closed; a stopped worker cannot be started again",
};

const connectionStates: Readonly<Record<TransportState, string>> = {
  idle: "not needed yet, or the first attempt failed",
  connecting: "no socket; addresses are tried in turn, indefinitely once there was a connection",
  open: "connected; waiting requests and publishes continue",
  blocked: "connected, but the broker accepts no publishes: its memory or disk alarm",
  closing: "accepts no new publishes, finishes those in flight",
  closed: "closed, and not opened again",
};

const childStates: Readonly<Record<ChildState, string>> = {
  starting: "loads the module",
  idle: "ready; runs no task",
  busy: "runs one task",
  closing: "has reached a limit of the pool, or is surplus, and was asked to exit",
  killed: "is being killed",
  gone: "its process or thread has ended; the pool starts another if tasks need it",
};

/** The whole page. */
export function lifecyclesPage(): string {
  const worker = labelled(workerTransitions);
  const connection = Object.entries(connectionMoves).flatMap(([from, states]) => states.map((to): Move => [from, to]));
  return [
    "# Lifecycles",
    "`scripts/lifecycles.ts` writes this page from the transition tables of the code, and a test compares them. A transition without an arrow here is an error.",
    "## Worker",
    '`packages/celery-amqp/src/worker/rules/lifecycle.ts`. `worker.state` is the current state; `worker.on("stateChanged", …)` is emitted at each transition.',
    diagram(Object.keys(workerStates), worker),
    listOf(workerStates),
    "## Connection",
    "`packages/celery-amqp/src/amqp/lifecycle.ts`. A transport has two connections, one for publishing and one for consuming. `client.state` is `connecting` while one of them is, and `blocked` while one of them is.",
    diagram(Object.keys(connectionStates), connection),
    listOf(connectionStates),
    "## Child of a pool",
    "`packages/celery-amqp/src/worker/pool/children/states.ts`: a thread or a process that runs one task at a time.",
    diagram(Object.keys(childStates), labelled(childTransitions)),
    listOf(childStates),
    "## Task message",
    "The rules in `packages/celery-amqp/src/worker/rules/` return the effects of these tables. Each effect is finished, and confirmed by the broker where it is a message, before the next begins. A crash between two effects repeats work and never loses it.",
    arrivalTable(),
    "At the end of a run, for a task with a callback, an errback and a reply queue:",
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
