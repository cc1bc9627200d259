import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  createContent,
  encodeTask,
  formatIso,
  type WireSignature,
  type TaskMessage,
  type WireMessage,
} from "@leveret/celery-protocol";
import type { Effect } from "../../../src/worker/rules/effect.ts";
import type { Ending } from "../../../src/worker/rules/outcome.ts";
import { settle } from "../../../src/worker/rules/settle.ts";
import { boom, freshWorld, outcome, request, signature } from "./given.ts";

/** What a worker of Celery 5.6.3 sent next, and the task and its end that made it do so. */
interface Row {
  readonly name: string;
  readonly task: Partial<TaskMessage>;
  readonly ending: Ending;
}

const retry = { kind: "retry", delayMs: 1000, cause: boom, traceback: null } as const satisfies Ending;
const onError = signature("demo.on_err");

function retried(name: string, task: Partial<TaskMessage>, delayMs = 1000): Row {
  return { name, task, ending: { ...retry, delayMs } };
}

function chainStep(task: string, args: readonly number[], options: WireSignature["options"]): WireSignature {
  return signature(task, { args, options });
}

const rows: readonly Row[] = [
  retried("retry-success", { task: "demo.retry_me", args: ["ok"], kwargs: { wait: 0.2, times: 1 } }),
  retried("retry-plain", { task: "demo.retry_plain", args: ["ok"], kwargs: {} }),
  retried("retry-exhausted", { task: "demo.retry_out", args: [], kwargs: {} }, 0),
  retried("retry-auto-backoff.1", { task: "demo.autoretry", args: [] }),
  retried("retry-auto-backoff.2", { task: "demo.autoretry", args: [], retries: 1, parentId: "(own id)" }),
  retried("retry-options", {
    task: "demo.retry_me",
    args: ["b"],
    kwargs: { wait: 0.1, times: 1 },
    timeLimit: { hardSeconds: 50, softSeconds: 40 },
    shadow: "shadowed",
    extraHeaders: { "x-a": 1 },
    expires: { epochMs: 1795343673722, text: "2026-11-22T10:34:33.721662+00:00" },
    priority: null,
  }),
  retried("retry-chain.1", {
    task: "demo.retry_me",
    args: ["a"],
    kwargs: { wait: 0.1, times: 1 },
    priority: 5,
    extraHeaders: { "x-tenant": "acme" },
    errbacks: [onError],
    chain: [
      signature("demo.ident", {
        options: {
          task_id: "fdcbc51c-c2d2-4afb-bcb9-2cc96d5dfc11",
          reply_to: "9654a6cf-8fac-3252-bb13-ae9588d8bf20",
          link_error: [
            { task: "demo.on_err", args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false },
          ],
        },
      }),
    ],
  }),
  {
    name: "success-chain.1",
    task: {
      chain: [
        chainStep("demo.add", [4], {
          task_id: "e71da94c-6642-46d2-a823-e4829c823712",
          reply_to: "9654a6cf-8fac-3252-bb13-ae9588d8bf20",
        }),
        chainStep("demo.mul", [3], { task_id: "(next)", reply_to: "9654a6cf-8fac-3252-bb13-ae9588d8bf20" }),
      ],
    },
    ending: { kind: "succeeded", result: 3 },
  },
  {
    name: "success-chain.2",
    task: { chain: [chainStep("demo.add", [4], { reply_to: "9654a6cf-8fac-3252-bb13-ae9588d8bf20" })] },
    ending: { kind: "succeeded", result: 9 },
  },
  {
    name: "success-link",
    task: { callbacks: [signature("demo.mul", { args: [10] })] },
    ending: { kind: "succeeded", result: 5 },
  },
  {
    name: "failure-link-error-old",
    task: { errbacks: [signature("demo.on_err_old")] },
    ending: { kind: "failed", failure: boom, retryable: false },
  },
  {
    name: "failure-link-error-unknown",
    task: { errbacks: [signature("other.errback")] },
    ending: { kind: "failed", failure: boom, retryable: false },
  },
];

/** What differs by its nature: our language, our name, and where a link answers to. */
const ours = new Set(["lang", "origin", "id", "root_id", "parent_id", "group", "eta", "argsrepr"]);

describe("what follows a task is written as a Celery worker wrote it", () => {
  test.each(rows)("$name", ({ name, task, ending }) => {
    const recorded = load(name);
    const ownId = String(recorded.headers["root_id"]);
    const isRetry = ending.kind === "retry";
    const parent = isRetry
      ? { ...task, id: ownId, rootId: ownId, correlationId: ownId, argsRepr: null, kwargsRepr: null }
      : task;
    const message = sent(settle(request({ replyTo: recorded.replyTo, ...parent }), outcome(ending), freshWorld()));

    expect(without(message.headers)).toEqual(without(recorded.headers));
    expect(Object.keys(message.headers)).toEqual(Object.keys(recorded.headers));
    expect(Buffer.from(message.body).toString()).toBe(bodyOf(recorded, message));
    expect(message.properties.priority).toBe(recorded.priority);
    expect(message.properties.persistent).toBe(true);
    expect(message.headers["group"] === null).toBe(recorded.headers["group"] === null);
    expect(message.headers["eta"] === null).toBe(recorded.headers["eta"] === null);
    expect(message.headers["parent_id"]).not.toBeNull();
  });

  test("a retry has its eta as Python writes it, itself for parent where it had none, and the same argsrepr", () => {
    const recorded = load("retry-success");
    const id = String(recorded.headers["id"]);
    const asked = request({ id, rootId: id, task: "demo.retry_me", args: ["ok"], argsRepr: "('ok',)" });
    const { headers } = sent(settle(asked, outcome(retry), freshWorld()));
    expect(headers).toMatchObject({ id, root_id: id, parent_id: id, argsrepr: recorded.headers["argsrepr"] });
    expect(headers["eta"]).toBe(formatIso(freshWorld().now + 1000));
  });
});

/** The errback of a recording names the id of its failed task in its arguments; ours is another. */
function bodyOf(recorded: Recorded, message: WireMessage): string {
  const parent = String(message.headers["parent_id"]);
  return recorded.body.replaceAll(String(recorded.headers["parent_id"]), parent);
}

function without(headers: WireMessage["headers"]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ours.has(name)));
}

function sent(effects: readonly Effect[]): WireMessage {
  const sending = effects.find((effect) => effect.do === "send");
  if (sending === undefined) throw new Error("nothing was sent");
  return encodeTask(sending.task, createContent());
}

interface Recorded {
  readonly headers: WireMessage["headers"];
  readonly priority: number | undefined;
  readonly replyTo: string;
  readonly body: string;
}

function load(name: string): Recorded {
  const file = new URL(`../../../../celery-protocol/fixtures/task-from-worker/${name}.json`, import.meta.url);
  const { headers, properties, body_base64 } = JSON.parse(readFileSync(file, "utf8")) as {
    readonly headers: WireMessage["headers"];
    readonly properties: Readonly<Record<string, string | number | undefined>>;
    readonly body_base64: string;
  };
  return {
    headers,
    priority: properties["priority"] as number | undefined,
    replyTo: String(properties["reply_to"]),
    body: Buffer.from(body_base64, "base64").toString(),
  };
}
