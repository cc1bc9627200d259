import { describe, expect, test } from "vitest";
import { createContent } from "../../src/content/content.ts";
import { json } from "../../src/content/json.ts";
import { toValue } from "../../src/content/to-value.ts";
import type { Tree } from "../../src/content/tree.ts";
import { Decimal, LocalDate, LocalTime, Uuid } from "../../src/content/values.ts";
import { decodeTask } from "../../src/task/decode.ts";
import { encodeTask } from "../../src/task/encode.ts";
import { bytes, loadVectors, text, unwrap, type Vector, wireMessage } from "../support/vectors.ts";

const FOLDERS = ["task-v2", "task-v1", "task-conf", "task-beat", "task-from-worker", "canvas-chord"];
const content = createContent();

const tasks = FOLDERS.flatMap(loadVectors).filter((vector) => vector.kind === "task");
const plain = tasks.filter(
  ({ properties, headers }) => properties.content_type === "application/json" && headers?.["compression"] === undefined,
);

describe.each(plain.map((vector) => [vector.name, vector] as const))("%s", (_name, vector) => {
  const message = wireMessage(vector);
  const task = decodeTask(message, content);

  test("decodes to the recorded value", () => {
    expect(plainly(json.decode(message.body))).toEqual(unwrap(vector.decoded));
  });

  test("carries every header and property in a field of its own", () => {
    expect(task).toMatchObject(fieldsOf(vector));
  });

  test("is written back to the same bytes, headers in the same order, and properties", () => {
    const written = encodeTask(task, content);
    expect(text(written.body)).toBe(text(message.body));
    expect(JSON.stringify(written.headers)).toBe(JSON.stringify(message.headers));
    expect(written.properties).toEqual(message.properties);
  });
});

test("every compressed body decodes once it is decompressed", () => {
  const compressed = tasks.filter(({ decompressed_base64 }) => decompressed_base64 !== undefined);
  expect(compressed.length).toBeGreaterThan(0);
  for (const vector of compressed) {
    const { headers, ...message } = wireMessage(vector);
    const { compression: _, ...rest } = headers;
    const task = decodeTask({ ...message, headers: rest, body: bytes(vector.decompressed_base64!) }, content);
    expect([plainly(task.args), plainly(task.kwargs)]).toEqual((unwrap(vector.decoded) as unknown[]).slice(0, 2));
  }
});

test("a pickle is refused by an error of its own", () => {
  const pickles = tasks.filter(({ properties }) => properties.content_type === "application/x-python-serialize");
  expect(pickles.length).toBeGreaterThan(0);
  for (const vector of pickles) {
    expect(() => decodeTask(wireMessage(vector), content)).toThrow(
      expect.objectContaining({ code: "pickle-refused", fault: "remote" }),
    );
  }
});

/** A tree as the recorder wrote what Python decoded: typed values as objects, floats as numbers. */
function plainly(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(plainly);
  if (tree instanceof Uint8Array) return retyped(tree);
  if (tree instanceof LocalDate || tree instanceof LocalTime || tree instanceof Decimal || tree instanceof Uuid) {
    return retyped(tree);
  }
  if (typeof tree !== "object" || tree === null) return tree;
  if (tree.constructor.name === "DateTime") return retyped(tree);
  if (tree.constructor.name === "Float") return toValue(tree as Tree);
  return Object.fromEntries(Object.entries(tree).map(([key, item]) => [key, plainly(item)]));
}

function retyped(value: unknown): unknown {
  return JSON.parse(text(json.encode(value)));
}

function fieldsOf({ headers, properties, decoded }: Vector): object {
  const fields = headers !== null && "task" in headers ? headers : (decoded as Record<string, unknown>);
  const [hard, soft] = fields["timelimit"] as [number | null, number | null];
  return {
    id: fields["id"],
    task: fields["task"],
    shadow: fields["shadow"] ?? null,
    retries: fields["retries"],
    eta: fields["eta"] === null ? null : { text: fields["eta"], epochMs: Date.parse(utc(fields["eta"])) },
    expires:
      fields["expires"] === null ? null : { text: fields["expires"], epochMs: Date.parse(utc(fields["expires"])) },
    timeLimit: { hardSeconds: hard, softSeconds: soft },
    rootId: fields["root_id"] ?? null,
    parentId: fields["parent_id"] ?? null,
    group: fields["group"],
    groupIndex: fields["group_index"],
    argsRepr: fields["argsrepr"] ?? null,
    kwargsRepr: fields["kwargsrepr"] ?? null,
    origin: fields["origin"] ?? null,
    ignoreResult: fields["ignore_result"] ?? null,
    replacedTaskNesting: fields["replaced_task_nesting"] ?? 0,
    stampedHeaders: fields["stamped_headers"] ?? null,
    stamps: fields["stamps"] ?? {},
    replyTo: properties.reply_to ?? null,
    correlationId: properties.correlation_id ?? null,
    priority: properties.priority ?? null,
    persistent: properties.delivery_mode === 2,
    expirationMs: properties.expiration === undefined ? null : Number(properties.expiration),
    serializer: "json",
    compression: null,
    deliveryInfo: null,
  };
}

/** JavaScript reads a time without offset as local. */
function utc(time: unknown): string {
  return /(?:Z|[+-]\d{2}:\d{2})$/.test(String(time)) ? String(time) : `${String(time)}Z`;
}
