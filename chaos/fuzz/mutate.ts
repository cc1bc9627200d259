import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { WireMessage } from "@leveret/celery-protocol";
import type { Random } from "../programs/random.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateJson } from "./mutate-json.ts";
import { wildText, wildValue } from "./wild.ts";

type Mutation = (message: WireMessage, random: Random, seeds: readonly WireMessage[]) => WireMessage;

/** Header names that mean something to a worker, and some that should mean nothing. */
const headerNames = [
  "task",
  "id",
  "eta",
  "expires",
  "retries",
  "timelimit",
  "compression",
  "stamps",
  "stamped_headers",
  "group",
  "group_index",
  "root_id",
  "parent_id",
  "ignore_result",
  "argsrepr",
  "kwargsrepr",
  "origin",
  "lang",
  "shadow",
  "replaced_task_nesting",
  "x-death",
  "x-delivery-count",
  "x-leveret-deliveries",
  "__proto__",
  "constructor",
  "",
];

const contentTypes = [
  "application/json",
  "application/x-python-serialize",
  "application/x-yaml",
  "application/x-msgpack",
  "application/data",
  "application/json; charset=utf-8",
  "text/plain",
  "",
];
const encodings = ["utf-8", "UTF8", "binary", "utf-16", "latin-1", "no-such", ""];
/** Names of compressions, each with what it does to a body; some of them lie. */
const compressions: readonly (readonly [string, (body: Uint8Array) => Uint8Array])[] = [
  ["application/x-gzip", (body) => deflateSync(body)],
  ["application/x-gzip", (body) => gzipSync(body)],
  ["zlib", (body) => deflateSync(body)],
  ["application/x-bz2", (body) => deflateSync(body)],
  ["application/zstd", (body) => body],
  ["zstd", (body) => zstdCompressSync(body)],
  ["application/x-brotli", (body) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ["application/x-lzma", (body) => body],
  ["no-such", (body) => body],
];

const mutations: readonly Mutation[] = [
  setHeader,
  setHeader,
  setHeader,
  dropHeader,
  renameHeader,
  setProperty,
  (message, random) => ({ ...message, body: mutateBytes(message.body, random) }),
  (message, random) => ({ ...message, body: mutateJson(message.body, random) }),
  (message, random) => ({ ...message, body: mutateJson(message.body, random) }),
  (message, random) => ({ ...message, body: mutateJson(message.body, random) }),
  swapBody,
  compress,
];

/** A recorded message with one to four things changed: headers, properties, bytes, the structure of its JSON, its size. */
export function mutate(seeds: readonly WireMessage[], random: Random): WireMessage {
  let message = random.pick(seeds);
  for (let left = random.pick([1, 1, 1, 1, 2, 2, 3, 4]); left > 0; left -= 1)
    message = random.pick(mutations)(message, random, seeds);
  return message;
}

function setHeader(message: WireMessage, random: Random): WireMessage {
  return { ...message, headers: withKey(message.headers, random.pick(headerNames), wildValue(random)) };
}

function dropHeader(message: WireMessage, random: Random): WireMessage {
  const names = Object.keys(message.headers);
  if (names.length === 0) return message;
  const gone = random.pick(names);
  return { ...message, headers: Object.fromEntries(Object.entries(message.headers).filter(([name]) => name !== gone)) };
}

function renameHeader(message: WireMessage, random: Random): WireMessage {
  const names = Object.keys(message.headers);
  if (names.length === 0) return message;
  const from = random.pick(names);
  const entries = Object.entries(message.headers).map(([name, value]) => [
    name === from ? random.pick(headerNames) : name,
    value,
  ]);
  return { ...message, headers: Object.fromEntries(entries) as WireMessage["headers"] };
}

function setProperty(message: WireMessage, random: Random): WireMessage {
  const changed = random.pick<WireMessage["properties"]>([
    { contentType: random.pick(contentTypes) },
    { contentType: undefined },
    { contentEncoding: random.pick(encodings) },
    { contentEncoding: undefined },
    { correlationId: wildText(random) },
    { correlationId: undefined },
    { replyTo: random.pick(["replies", "", "no-such-queue", wildText(random)]) },
    { replyTo: undefined },
    { priority: random.between(0, 255) },
    { messageId: wildText(random), type: wildText(random), appId: wildText(random) },
    { timestampSeconds: random.between(0, 2 ** 31) },
  ]);
  return { ...message, properties: { ...message.properties, ...changed } };
}

function swapBody(message: WireMessage, random: Random, seeds: readonly WireMessage[]): WireMessage {
  return { ...message, body: random.pick(seeds).body };
}

function compress(message: WireMessage, random: Random): WireMessage {
  const [name, squeeze] = random.pick(compressions);
  return { ...message, headers: withKey(message.headers, "compression", name), body: squeeze(message.body) };
}

/** An own property, whatever the name. */
function withKey(table: WireMessage["headers"], key: string, value: unknown): WireMessage["headers"] {
  const copy = { ...table };
  Object.defineProperty(copy, key, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}
