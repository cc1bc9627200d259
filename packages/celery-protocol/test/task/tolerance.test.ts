import { describe, expect, test } from "vitest";
import { createContent } from "../../src/content/content.ts";
import { decodeTask } from "../../src/task/decode.ts";
import { peekTask } from "../../src/task/peek.ts";
import type { ProtocolErrorCode } from "../../src/wire/errors.ts";
import { outcome } from "../support/outcome.ts";
import { loadVectors, type Vector, wireMessage } from "../support/vectors.ts";

type Expected = "runs" | "refused" | ProtocolErrorCode;

/**
 * What becomes of each odd message. `runs` means it decodes and goes to a handler (or is found expired, unregistered or
 * not due by the worker); a code means the worker dead-letters it. Where this is kinder than Celery, the reason stands by.
 */
const EXPECTED: Readonly<Record<string, Expected>> = {
  "v1-args-missing": "runs",
  "v1-empty": "decode-failed",
  "v1-eta-naive-utc": "runs",
  "v1-expires-past": "runs",
  "v1-garbage": "decode-failed",
  "v1-gocelery": "runs", // kwargs null is empty: Celery rejects it
  "v1-gocelery-default": "runs",
  "v1-id-missing": "message-invalid", // stricter: Celery runs it and can store no result
  "v1-kwargs-list": "message-invalid",
  "v1-minimal": "runs",
  "v1-no-content-type": "content-unknown",
  "v1-no-headers-prop": "runs",
  "v1-pickle": "pickle-refused",
  "v1-task-missing": "message-invalid",
  "v1-unknown-task": "runs",
  "v1-unknown-task-no-id": "message-invalid",
  "v2-args-null": "runs", // args null is empty: Celery fails the task
  "v2-body-empty": "decode-failed",
  "v2-body-not-json": "decode-failed",
  "v2-body-object": "message-invalid",
  "v2-callback-minimal-sig": "runs",
  "v2-callbacks-object": "message-invalid",
  "v2-chain-bare-sig": "runs",
  "v2-compression-alias": "compression-unknown", // until the codecs are plugged in
  "v2-compression-real-gzip": "compression-unknown",
  "v2-compression-unknown": "compression-unknown",
  "v2-content-type-charset": "content-refused",
  "v2-embed-null": "runs",
  "v2-errback-minimal": "runs",
  "v2-eta-far": "runs",
  "v2-eta-invalid": "message-invalid",
  "v2-eta-past": "runs",
  "v2-expires-invalid": "message-invalid",
  "v2-expires-past": "runs",
  "v2-hybrid-body-object": "runs",
  "v2-id-missing": "message-invalid",
  "v2-id-null": "message-invalid", // stricter: Celery runs it and can store no result
  "v2-ignore-result-true": "runs",
  "v2-kwargs-list": "message-invalid",
  "v2-kwargs-null": "runs", // kwargs null is empty: Celery says it succeeded and does not run it
  "v2-lang-js": "runs",
  "v2-minimal": "runs",
  "v2-nan-json": "runs",
  "v2-no-content-encoding": "runs",
  "v2-no-content-type": "content-unknown",
  "v2-pickle": "pickle-refused",
  "v2-retries-string": "runs",
  "v2-shadow": "runs",
  "v2-timelimit-null": "runs",
  "v2-too-many-args": "runs",
  "v2-two-element-body": "message-invalid",
  "v2-unknown-content-type": "content-refused",
  "v2-unknown-task": "runs",
  "v2-unknown-typed-json": "type-unknown",
};

const content = createContent();
const vectors = loadVectors("tolerance");

describe.each(vectors.map((vector) => [vector.name.replace("tolerance/", ""), vector] as const))(
  "%s",
  (name, vector) => {
    const message = wireMessage(vector.message);

    test("decodes, or is refused with the code that says why", () => {
      expect(EXPECTED[name] ?? asCeleryDid(vector)).toBe(answer(name, () => decodeTask(message, content)));
    });

    test("shows what is readable of it", () => {
      const fields = message.headers["task"] === undefined ? vectorBody(message.body) : message.headers;
      expect(peekTask(message)).toMatchObject({ id: fields["id"] ?? null, task: fields["task"] ?? null });
    });
  },
);

function answer(name: string, decode: () => unknown): Expected {
  const came = outcome(decode);
  if (came === "fine") return "runs";
  return name in EXPECTED ? came : "refused";
}

/** For a message without a line above: Celery took it if it told of the task or stored a state for it. */
function asCeleryDid({ observed }: Vector): Expected {
  return observed.stored_result !== null || observed.worker_operations.some(({ op }) => op === "event")
    ? "runs"
    : "refused";
}

function vectorBody(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(Buffer.from(body).toString()) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
