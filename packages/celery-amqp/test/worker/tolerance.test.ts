import { readdirSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { zlib } from "@leveret/celery-codecs";
import type { ResultMeta, WireMessage } from "@leveret/celery-protocol";
import { defineTask } from "../../src/task/definition.ts";
import { startWorker, type Harness } from "./harness.ts";

/**
 * What the worker answers to each odd message of `fixtures/tolerance`, as decision 3 and celery-wire 4 say:
 * the state that is stored, or `runs` where the message wants none; `dead` and why, with the FAILURE that the sender is
 * told where the message can be read that far; `held` for an eta to come.
 */
const answers: Readonly<Record<string, string>> = {
  "v1-args-missing": "SUCCESS",
  "v1-empty": "dead undecodable",
  "v1-eta-naive-utc": "SUCCESS",
  "v1-expires-past": "REVOKED TaskRevokedError",
  "v1-garbage": "dead undecodable",
  "v1-gocelery": "SUCCESS",
  "v1-gocelery-default": "SUCCESS",
  "v1-id-missing": "SUCCESS",
  "v1-kwargs-list": "dead undecodable, FAILURE DecodeError",
  "v1-minimal": "SUCCESS",
  "v1-no-content-type": "dead undecodable, FAILURE DecodeError",
  "v1-no-headers-prop": "SUCCESS",
  "v1-pickle": "dead undecodable",
  "v1-task-missing": "dead undecodable, FAILURE DecodeError",
  "v1-unknown-task": "dead unregistered, FAILURE NotRegistered",
  "v1-unknown-task-no-id": "dead unregistered, FAILURE NotRegistered",
  "v2-args-null": "SUCCESS",
  "v2-body-empty": "dead undecodable, FAILURE DecodeError",
  "v2-body-not-json": "dead undecodable, FAILURE DecodeError",
  "v2-body-object": "dead undecodable, FAILURE DecodeError",
  "v2-callback-minimal-sig": "SUCCESS, SUCCESS",
  "v2-callbacks-object": "dead undecodable, FAILURE DecodeError",
  "v2-chain-bare-sig": "SUCCESS, SUCCESS",
  "v2-compression-alias": "SUCCESS",
  "v2-compression-real-gzip": "SUCCESS", // kinder: Celery reads zlib's format only
  "v2-compression-unknown": "dead undecodable, FAILURE DecodeError",
  "v2-content-type-charset": "dead undecodable, FAILURE ContentDisallowed",
  "v2-embed-null": "SUCCESS",
  "v2-errback-minimal": "FAILURE ValueError, SUCCESS",
  "v2-eta-far": "parked",
  "v2-eta-invalid": "dead undecodable, FAILURE DecodeError",
  "v2-eta-past": "SUCCESS",
  "v2-expires-invalid": "dead undecodable, FAILURE DecodeError",
  "v2-expires-past": "REVOKED TaskRevokedError",
  "v2-hybrid-body-object": "SUCCESS",
  "v2-id-missing": "dead undecodable",
  "v2-id-null": "SUCCESS",
  "v2-ignore-result-true": "runs",
  "v2-kwargs-list": "dead undecodable, FAILURE DecodeError",
  "v2-kwargs-null": "SUCCESS",
  "v2-lang-js": "SUCCESS",
  "v2-minimal": "SUCCESS",
  "v2-nan-json": "FAILURE EncodeError", // until `allowNaN` is asked for: its JSON is none for others
  "v2-no-content-encoding": "SUCCESS",
  "v2-no-content-type": "dead undecodable, FAILURE DecodeError",
  "v2-pickle": "dead undecodable, FAILURE ContentDisallowed",
  "v2-retries-string": "SUCCESS",
  "v2-shadow": "SUCCESS",
  "v2-timelimit-null": "SUCCESS",
  "v2-too-many-args": "dead arguments-invalid, FAILURE TypeError",
  "v2-two-element-body": "dead undecodable, FAILURE DecodeError",
  "v2-unknown-content-type": "dead undecodable, FAILURE ContentDisallowed",
  "v2-unknown-task": "dead unregistered, FAILURE NotRegistered",
  "v2-unknown-typed-json": "dead undecodable, FAILURE DecodeError",
};

const folder = new URL("../../../celery-protocol/fixtures/tolerance/", import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".json"))
  .map((file) => file.replace(".json", ""));

const tasks = [
  defineTask("demo.add", (_context, x: number, y: number) => x + y),
  defineTask("demo.noresult", () => null),
  defineTask("demo.ident", (_context, value: unknown) => value),
  defineTask("demo.on_err_old", (_context, id: string) => id),
  defineTask("demo.fail", (_context, message: string) => {
    throw new RangeError(message);
  }),
];

let harness: Harness | undefined;
afterEach(() => harness?.worker.stop({ grace: 0 }));

test("every recorded message has its answer", () => {
  expect(Object.keys(answers).toSorted()).toEqual(names.toSorted());
});

describe("a message that Celery was given", () => {
  test.each(names)("%s", async (name) => {
    harness = await startWorker(tasks, { compressors: [zlib] });
    await harness.publish(load(name));
    await harness.settle();
    expect(await answerOf(harness)).toBe(answers[name]);
    await harness.worker.stop();
    expect(harness.broker.messages("celery")).toEqual([]);
    expect(harness.lines.filter((line) => line.message.startsWith("cannot"))).toEqual([]);
  });
});

describe("what cannot run, where Celery's manners are asked for", () => {
  const dead = names.filter((name) => answers[name]?.startsWith("dead"));
  test.each(dead)("%s leaves the queue and leaves no dead letter", async (name) => {
    harness = await startWorker(tasks, { compressors: [zlib], deadLetter: false });
    await harness.publish(load(name));
    await harness.settle();
    expect(harness.broker.queues()).not.toContain("celery.dead");
    await harness.worker.stop();
    expect(harness.broker.messages("celery")).toEqual([]);
  });
});

async function answerOf({ broker, results, events }: Harness): Promise<string> {
  const dead = broker.queues().includes("celery.dead") ? broker.messages("celery.dead") : [];
  const reasons = dead.map(({ headers }) => `dead ${String(headers["x-leveret-reason"])}`);
  const states = (await results()).map(describeState);
  const isParked = broker
    .queues()
    .some((name) => name.startsWith("celery_delayed_") && broker.messages(name).length > 0);
  if (isParked) return "parked";
  if (reasons.length + states.length > 0) return [...reasons, ...states].join(", ");
  return events.some(({ type }) => type === "taskSucceeded") ? "runs" : "held";
}

function describeState(meta: ResultMeta): string {
  return "exception" in meta && meta.exception !== null ? `${meta.status} ${meta.exception.type}` : meta.status;
}

interface Vector {
  readonly message: {
    readonly properties: Readonly<Record<string, string | number>>;
    readonly headers: Readonly<Record<string, unknown>> | null;
    readonly body_base64: string;
  };
}

/** The recorded message, with a reply queue so that its sender can be told. */
function load(name: string): WireMessage {
  const { message } = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as Vector;
  const { content_type: contentType, content_encoding: contentEncoding } = message.properties;
  return {
    headers: message.headers ?? {},
    properties: {
      replyTo: "replies",
      persistent: true,
      ...(contentType === undefined ? {} : { contentType: String(contentType) }),
      ...(contentEncoding === undefined ? {} : { contentEncoding: String(contentEncoding) }),
    },
    body: Buffer.from(message.body_base64, "base64"),
  };
}
