import type { Content } from "@leveret/celery-protocol";
import type { ResultSource, ResultStore } from "../../results/backend.ts";
import { withChords } from "../../results/counting-source.ts";
import { createNoResults } from "../../results/none.ts";
import { own } from "../../results/ownership.ts";
import { PerTaskQueueSource } from "../../results/per-task-queue-source.ts";
import { PerTaskQueueStore } from "../../results/per-task-queue.ts";
import { RabbitChords } from "../../results/rabbit-chords.ts";
import { createReplyStore } from "../../results/reply-store.ts";
import { RpcSource } from "../../results/rpc/rpc-source.ts";
import { RpcStore } from "../../results/rpc/rpc-store.ts";
import type { ResolvedWorker } from "../options/worker.ts";
import type { AssemblyParts } from "./parts.ts";

/** The results of a worker: those it stores, and those that its handlers await. */
export interface WorkerResults {
  /** Closes the source too. */
  readonly store: ResultStore;
  readonly source: ResultSource;
}

/** Results that the handlers of one worker await: few, so kept in smaller bounds than a client's. */
const awaitedResults = { maxResults: 1_000, maxBytes: 16_000_000 };

/** The result store and source of the options, with the counter of chords that the options name. */
export function createResults(parts: AssemblyParts, content: Content): WorkerResults {
  const { options, transport, ids } = parts;
  const counter = options.chords === null ? null : new RabbitChords({ transport, ids, content });
  const inner = createStore(parts, content);
  const source = counter === null ? createSource(parts, content) : withChords(createSource(parts, content), counter);
  const chords = counter ?? inner.chords;
  const store: ResultStore = {
    store: (meta, task) => inner.store(meta, task),
    ...(inner.check && { check: () => inner.check?.() ?? Promise.resolve() }),
    ...(chords && { chords }),
    async close() {
      await source.close();
      await inner.close();
    },
  };
  return { store, source };
}

function createStore({ options, transport, clock, log }: AssemblyParts, content: Content): ResultStore {
  const { results } = options;
  if (results === false) return { store: async () => {}, close: async () => {} };
  if (results !== "rpc" && results !== "amqp") return own(results, "worker");
  const rpc = new RpcStore({ transport, content, clock, logger: log });
  return createReplyStore({ rpc, perTask: results === "amqp" ? new PerTaskQueueStore({ transport, content }) : null });
}

function createSource({ options, transport, log, ids }: AssemblyParts, content: Content): ResultSource {
  const parts = { transport, content, logger: log, limits: awaitedResults };
  if (options.results === "rpc") return new RpcSource({ ...parts, queue: ids.uuid() });
  if (options.results === "amqp") return new PerTaskQueueSource(parts);
  return isSource(options.results)
    ? options.results
    : createNoResults("the worker was created without results to await");
}

function isSource(results: ResolvedWorker["results"]): results is ResultStore & ResultSource {
  return typeof results === "object" && "watch" in results && "replyTo" in results;
}
