import { peekTask, type WireMessage } from "@leveret/celery-protocol";
import { loadVectors, wireMessage } from "../../packages/celery-protocol/test/support/vectors.ts";

/** Folders whose files hold one task message each. */
const folders = [
  "task-v2",
  "task-v1",
  "task-conf",
  "task-from-worker",
  "task-beat",
  "task-signed",
  "task-gocelery",
  "canvas-chord",
];
/** Messages of other kinds: they come to a task queue by mistake only. */
const strayFolders = ["result-rpc", "event", "control"];
/** How often a task stands in the list for once that a stray does. */
const TASKS_PER_STRAY = 10;

/** The recorded messages that mutations begin with, in an order that is always the same. */
export function loadSeeds(): readonly WireMessage[] {
  const odd = loadVectors("tolerance").map(({ message }) => answeredHere(wireMessage(message)));
  const tasks = [...load(folders), ...odd];
  return [...Array.from({ length: TASKS_PER_STRAY }, () => tasks).flat(), ...load(strayFolders)];
}

function load(names: readonly string[]): readonly WireMessage[] {
  return names
    .flatMap(loadVectors)
    .filter(({ body_base64 }) => body_base64 !== undefined)
    .map(wireMessage)
    .map(answeredHere);
}

/** The reply queues of the recorded clients are long gone. */
function answeredHere(message: WireMessage): WireMessage {
  if (message.properties.replyTo === undefined) return message;
  return { ...message, properties: { ...message.properties, replyTo: "replies" } };
}

/** The names of all tasks that the messages call. */
export function taskNames(seeds: readonly WireMessage[]): readonly string[] {
  return [...new Set(seeds.map((message) => peekTask(message).task).filter((name) => name !== null))];
}
