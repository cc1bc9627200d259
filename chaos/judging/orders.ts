/** The conductor's orders to a program, over the IPC channel of a child process. */
export type Order =
  | { readonly do: "offend"; readonly code: 404 | 406; readonly draw: number }
  | { readonly do: "publish-nowhere" }
  /** Sets the system clock off by this number of milliseconds. */
  | { readonly do: "step-clock"; readonly byMs: number }
  | { readonly do: "finish" };

/** What a program is started with, as JSON in its first argument. */
export interface ProgramSetting {
  readonly name: string;
  readonly urls: readonly string[];
  readonly seed: number;
  readonly rate: number;
  readonly pool: string;
  /** Members of the largest chords. */
  readonly chords: number;
  readonly redisUrl: string;
  /** Whether a worker serves the queues of the tasks that kill their process. */
  readonly hasPoison: boolean;
}

/** Names of the queues. The last one's tasks are answered on Redis, where their chords are counted too. */
export const queues = {
  classic: "chaos.classic",
  quorum: "chaos.quorum",
  volatile: "chaos.volatile",
  redis: "chaos.redis",
} as const;

/** Queues of the tasks that kill their process, and of good ones beside them. Only workers whose pools have processes serve them. */
export const poisonQueues = { classic: "chaos.poison", quorum: "chaos.poison.quorum" } as const;

/** Deliveries after which a task that kills its process goes to the dead queue. */
export const POISON_LIMIT = 3;

/** Waits that are short enough for faults of some seconds to matter. */
export const patience = {
  heartbeat: 2,
  connectTimeout: "4000ms",
  requestTimeout: "12000ms",
  confirmTimeout: "4000ms",
  publishTimeout: "20000ms",
  backoff: { min: "50ms", max: "1000ms", stable: "2000ms" },
} as const;

/** The setting of this process. */
export function readSetting(): ProgramSetting {
  return JSON.parse(process.argv[2] ?? "{}") as ProgramSetting;
}
