import { gzipSync } from "node:zlib";
import type { HeaderTable, Tree, WireMessage } from "@leveret/celery-protocol";

/** A message that no worker can run: each must be in the dead queue, once. */
type Hostile = (id: string, queue: string) => WireMessage;

const json = { contentType: "application/json", contentEncoding: "utf-8", persistent: true } as const;

function message(
  headers: HeaderTable,
  body: string | Uint8Array,
  properties: WireMessage["properties"] = {},
): WireMessage {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return { headers, properties: { ...json, ...properties }, body: bytes };
}

function headersOf(id: string, task: string, more: HeaderTable = {}): HeaderTable {
  return { lang: "py", task, id, root_id: id, ignore_result: true, ...more };
}

function signature(task: string, args: Tree[], kwargs: { [name: string]: Tree } = {}): Tree {
  return { task, args, kwargs, options: {}, subtask_type: null, immutable: false };
}

const plainly =
  (body: string): Hostile =>
  (id) =>
    message(headersOf(id, "chaos.plain"), body);

/** By name, for the log of a run. */
export const hostile: readonly Hostile[] = [
  plainly("{"),
  plainly("5"),
  plainly("[]"),
  plainly(`${"[".repeat(50_000)}${"]".repeat(50_000)}`),
  plainly('[[1], {}, {"callbacks": 5}]'),
  plainly('[[{"__type__": "no-such-type", "__value__": 1}], {}, {}]'),
  (id) => message(headersOf(id, "chaos.plain"), "cos\nsystem\n", { contentType: "application/x-python-serialize" }),
  (id) => message(headersOf(id, "chaos.plain", { compression: "application/x-gzip" }), "no gzip"),
  (id) =>
    message(
      headersOf(id, "chaos.plain", { compression: "application/x-gzip" }),
      gzipSync(Buffer.alloc(80_000_000, "[1],")),
    ),
  (id) => message(headersOf(id, "celery.map"), bodyOf({ task: signature("celery.map", []), it: [1] })),
  (id) => message(headersOf(id, "celery.starmap"), bodyOf({ task: signature("celery.chunks", []), it: [[1]] })),
  (id, queue) => message(headersOf(id, "chaos.unknown", { CC: [queue], BCC: [queue] }), "[[], {}, {}]"),
  (id) => message(headersOf(id, "chaos.unknown"), "[[], {}, {}]", { userId: "guest" }),
  (id) => message(headersOf(id, "chaos.unknown", { junk: "x".repeat(60_000) }), "[[], {}, {}]"),
  (id) => message(headersOf(id, "chaos.unknown", nested(60)), "[[], {}, {}]"),
];

function bodyOf(kwargs: { readonly [name: string]: Tree }): string {
  return JSON.stringify([[], kwargs, {}]);
}

function nested(depth: number): HeaderTable {
  let table: HeaderTable = { end: 1 };
  for (let level = 0; level < depth; level += 1) table = { deeper: [table] };
  return table;
}
