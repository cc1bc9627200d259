import { describe, expect, test } from "vitest";
import {
  decodeGroupBody,
  decodeResult,
  decodeResultBody,
  encodeGroupBody,
  encodeResult,
  encodeResultBody,
} from "../../src/result/codec.ts";
import type { ResultMeta } from "../../src/result/meta.ts";
import { pythonContent as content, recorded, treeOf } from "../support/recorded.ts";
import { bytes as bytesOf, text, wireMessage } from "../support/vectors.ts";

describe("recorded rpc results", () => {
  const all = recorded("result-rpc");
  const vectors = all.filter(([name]) => !name.startsWith("result-rpc/rpc-yaml-"));

  test("are all here; those in YAML are tried where YAML is read", () => {
    expect(all).toHaveLength(80);
    expect(vectors).toHaveLength(73);
  });

  test.each(vectors)("%s", (_, vector) => {
    const received = wireMessage(vector);
    const meta = decodeResult(received, content);
    const { correlationId, persistent } = received.properties;
    const written = encodeResult(meta, content, { correlationId, persistent });
    expect(text(written.body)).toBe(text(received.body));
    expect({ ...written, body: null }).toEqual({ ...received, body: null });
    expect(asRecorded(meta)).toEqual(treeOf(JSON.stringify(vector.decoded)));
  });
});

describe("recorded values in Redis", () => {
  const vectors = recorded("result-redis");
  const metas = vectors.filter(([, { key }]) => key.includes("celery-task-meta-"));
  const groups = vectors.filter(([, { key }]) => /celery-taskset-meta-[^.]+$/.test(key));
  const sizes = vectors.filter(([, { key }]) => key.endsWith(".s"));

  test("are all here", () => {
    expect([metas.length, groups.length, sizes.length]).toEqual([139, 1, 12]);
    expect(vectors).toHaveLength(152);
  });

  test.each(metas)("%s", (_, vector) => {
    const body = bytesOf(vector.value_base64);
    const meta = decodeResultBody(body, content);
    expect(vector.key).toContain(meta.taskId);
    expect(text(encodeResultBody(meta, content))).toBe(text(body));
  });

  test.each(groups)("%s", (_, vector) => {
    const body = bytesOf(vector.value_base64);
    const group = decodeGroupBody(body, content);
    expect(vector.key).toContain(group.id);
    expect(group.members).toHaveLength(2);
    expect(text(encodeGroupBody(group, content))).toBe(text(body));
  });

  test.each(sizes)("%s is a plain number", (_, vector) => {
    expect(content.decode({ contentType: "application/json", body: bytesOf(vector.value_base64) })).toBe(
      vector.decoded,
    );
  });
});

/** What the meta says, in the form in which the recording says it. */
function asRecorded(meta: ResultMeta): object {
  const { taskId, traceback, children } = meta;
  const status = meta.status === "OTHER" ? meta.state : meta.status;
  return { task_id: taskId, status, result: resultOf(meta), traceback, children };
}

function resultOf(meta: ResultMeta): unknown {
  if (!("exception" in meta)) return meta.result;
  if (meta.exception === null) return null;
  const { type, args, module } = meta.exception;
  return { exc_type: type, exc_message: args, exc_module: module };
}
