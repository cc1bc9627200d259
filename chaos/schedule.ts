import { createRandom, type Random } from "./programs/random.ts";

/**
 * The faults of a running system.
 *
 * - `kill-worker`, `kill-child`: SIGKILL of a worker, of one child of its pool
 * - `stop-worker`: SIGTERM of a worker, as a rolling deploy does
 * - `reset`, `black-hole`, `refuse`: a program's connections are reset; carry nothing, in silence; are reset and
 *   refused
 * - `channel-404`, `channel-406`: the broker closes a channel of a program, because of a missing queue, a wrong ack
 * - `missing-exchange`: a publisher sends to an exchange that does not exist, which closes its channel with all
 *   publishes in flight
 * - `delete-queue`: a queue is deleted until a program declares it
 * - `cancel-consumers`: a queue is deleted and declared again at once: the broker cancels its consumers
 * - `kill-node`, `stop-node`: a node of the broker is killed, is stopped gracefully; both start again
 * - `freeze-node`: a node is frozen for a while, its sockets open
 * - `memory-alarm`: the broker blocks publishes for a while
 * - `redis-refused`: Redis refuses the login of all programs for a while, and ends their connections
 * - `clock-step`: the system clock of a worker is set back for a while
 * - `consumer-timeout`: the broker requeues deliveries that are unacked for some seconds (3.10 checks once a minute,
 *   4.3's quorum queues always)
 */
export type FaultKind =
  | "kill-worker"
  | "kill-child"
  | "stop-worker"
  | "reset"
  | "black-hole"
  | "refuse"
  | "channel-404"
  | "channel-406"
  | "missing-exchange"
  | "delete-queue"
  | "cancel-consumers"
  | "kill-node"
  | "stop-node"
  | "freeze-node"
  | "memory-alarm"
  | "redis-refused"
  | "clock-step"
  | "consumer-timeout";

/** One fault of a schedule. */
export interface Fault {
  /** After the beginning of the chaos. */
  readonly atMs: number;
  readonly kind: FaultKind;
  /** A program (`worker-2`), a node (`node-1`, or `leader`: whichever leads the quorum queue then), or a queue. */
  readonly target: string;
  /** How long it lasts; 0 where it is a moment's. */
  readonly forMs: number;
}

/** What there is to be hurt. */
export interface Scene {
  readonly seed: number;
  readonly seconds: number;
  readonly nodes: number;
  readonly publishers: readonly string[];
  readonly workers: readonly string[];
  /** Those of the workers whose pools have processes. */
  readonly parents: readonly string[];
  /** A queue whose messages are not counted. */
  readonly volatileQueue: string;
}

/** Runs shorter than this do without the fault that takes a minute to be seen. */
const LONG_SECONDS = 150;
/** What a node needs to be a good one again, beyond the time it is away. */
const RECOVERY_MS = 9_000;

/**
 * The faults of a run, in order: the same options give the same ones. Two sequences run in parallel: short faults, and
 * faults of a whole node, one node at a time. Each sequence shuffles its kinds, so that a short run has each once, if
 * it has the time.
 */
export function planFaults(scene: Scene): readonly Fault[] {
  const random = createRandom(scene.seed);
  const endMs = scene.seconds * 1000;
  const faults = [...planLight(scene, random, endMs), ...planNodes(scene, random, endMs)];
  return faults.toSorted((a, b) => a.atMs - b.atMs);
}

function planLight(scene: Scene, random: Random, endMs: number): readonly Fault[] {
  const faults: Fault[] = [];
  const kinds: readonly FaultKind[] = [
    "kill-worker",
    "kill-worker",
    ...(scene.parents.length > 0 ? (["kill-child", "kill-child"] as const) : []),
    "stop-worker",
    "reset",
    "reset",
    "black-hole",
    "refuse",
    "channel-404",
    "channel-406",
    "missing-exchange",
    "delete-queue",
    "cancel-consumers",
    "redis-refused",
    "clock-step",
  ];
  const deal = dealer(kinds, random);
  for (let atMs = random.between(500, 2_000); atMs < endMs; atMs += random.between(700, 2_800)) {
    faults.push({ atMs, ...lightFault(deal(), scene, random) });
  }
  return faults;
}

function lightFault(kind: FaultKind, scene: Scene, random: Random): Omit<Fault, "atMs"> {
  switch (kind) {
    case "kill-worker":
    case "stop-worker":
      return { kind, target: random.pick(scene.workers), forMs: 0 };
    case "kill-child":
      return { kind, target: random.pick(scene.parents), forMs: 0 };
    case "missing-exchange":
      return { kind, target: random.pick(scene.publishers), forMs: 0 };
    case "delete-queue":
    case "cancel-consumers":
      return { kind, target: scene.volatileQueue, forMs: 0 };
    case "redis-refused":
      return { kind, target: "redis", forMs: random.between(1_000, 5_000) };
    case "clock-step":
      return { kind, target: random.pick(scene.workers), forMs: random.between(1_000, 6_000) };
    case "black-hole":
      return { kind, target: program(scene, random), forMs: random.between(1_000, 7_000) };
    case "refuse":
      return { kind, target: program(scene, random), forMs: random.between(300, 3_000) };
    default:
      return { kind, target: program(scene, random), forMs: 0 };
  }
}

function planNodes(scene: Scene, random: Random, endMs: number): readonly Fault[] {
  const faults: Fault[] = [];
  const isLong = scene.seconds >= LONG_SECONDS;
  const kinds: readonly FaultKind[] = ["kill-node", "stop-node", "freeze-node", "memory-alarm"];
  const deal = dealer<FaultKind>(isLong ? [...kinds, ...kinds, "consumer-timeout"] : kinds, random);
  for (let atMs = random.between(2_000, 5_000); ;) {
    const fault = { atMs, ...nodeFault(deal(), scene, random) };
    if (fault.atMs + fault.forMs > endMs) return faults;
    faults.push(fault);
    atMs += fault.forMs + RECOVERY_MS + random.between(0, 3_000);
  }
}

function nodeFault(kind: FaultKind, scene: Scene, random: Random): Omit<Fault, "atMs"> {
  const node = `node-${random.between(1, scene.nodes)}`;
  const aimed = (): string => (scene.nodes > 1 && random.next() < 0.7 ? "leader" : node);
  switch (kind) {
    case "consumer-timeout":
      return { kind, target: node, forMs: 65_000 };
    case "memory-alarm":
      return { kind, target: node, forMs: random.between(2_000, 6_000) };
    case "freeze-node":
      return { kind, target: aimed(), forMs: random.between(1_000, 8_000) };
    default:
      return { kind, target: aimed(), forMs: random.between(200, 4_000) };
  }
}
function program({ publishers, workers }: Scene, random: Random): string {
  return random.pick([...publishers, ...workers]);
}

/** Deals all cards before any comes again. */
function dealer<T>(cards: readonly T[], random: Random): () => T {
  let left: T[] = [];
  return () => {
    if (left.length === 0) left = [...random.shuffle(cards)];
    return left.pop() as T;
  };
}

/** The schedule as a person reads it, a line a fault. */
export function describeFault({ atMs, kind, target, forMs }: Fault): string {
  const duration = forMs === 0 ? "" : ` for ${(forMs / 1000).toFixed(1)} s`;
  return `${(atMs / 1000).toFixed(1).padStart(6)} s  ${kind.padEnd(16)} ${target}${duration}`;
}
