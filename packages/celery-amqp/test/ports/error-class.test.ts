import { expect, test } from "vitest";
import { type ErrorClass, errorClass, obstacleOf, type Obstacle, type Operation } from "../../src/ports/error-class.ts";
import { CeleryError, type CeleryErrorCode, PublishTimeoutError, UnroutableError } from "../../src/ports/errors.ts";

const operations = ["send", "store", "count", "dead-letter", "republish"] as const satisfies readonly Operation[];

type Rows = Record<CeleryErrorCode, readonly [everywhere: ErrorClass, obstacle?: Obstacle]>;

/** Complete by its type: a new code needs a row. */
const rows: Rows = {
  "broker-unreachable": ["transient"],
  "connection-lost": ["transient"],
  "publish-timeout": ["transient"],
  "publish-nacked": ["transient"],
  "rpc-timeout": ["transient"],
  "limit-reached": ["transient"],
  "vhost-missing": ["transient"],
  overloaded: ["transient", "publishing"],
  "results-unreachable": ["transient", "results"],
  "access-refused": ["permanent", "results"],
  "publish-refused": ["permanent"],
  "results-refused": ["permanent"],
  "queue-mismatch": ["permanent"],
  "not-found": ["permanent"],
  unroutable: ["permanent"],
  "message-too-large": ["task"],
  "encode-failed": ["task"],
  "option-invalid": ["task"],
  "arguments-invalid": ["task"],
  "chords-unsupported": ["task"],
  closed: ["closed"],
  "task-failed": ["task"],
  "task-revoked": ["task"],
  "result-timeout": ["task"],
  "results-disabled": ["task"],
  "result-lost": ["task"],
  "task-duplicate": ["task"],
  "task-unhandled": ["task"],
  "pool-failed": ["task"],
  aborted: ["task"],
  "worker-state": ["task"],
};

test.each(Object.entries(rows) as [CeleryErrorCode, Rows[CeleryErrorCode]][])(
  "%s: %j",
  (code, [everywhere, obstacle = null]) => {
    const error = new CeleryError(code, "what happened");
    for (const operation of operations) {
      const isLogin = code === "access-refused" && (operation === "store" || operation === "count");
      expect([operation, errorClass(error, operation)]).toEqual([operation, isLogin ? "transient" : everywhere]);
    }
    expect(obstacleOf(error)).toBe(obstacle);
  },
);

test("subclasses have the class of their code", () => {
  expect(errorClass(new PublishTimeoutError(1_000, "no answer", "unknown"), "send")).toBe("transient");
  expect(errorClass(new UnroutableError("", "nowhere"), "send")).toBe("permanent");
});

test.each([
  [Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", syscall: "connect" }), "transient"],
  [Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", syscall: "read" }), "transient"],
  [Object.assign(new Error("getaddrinfo EAI_AGAIN"), { code: "EAI_AGAIN", syscall: "getaddrinfo" }), "transient"],
  [Object.assign(new TypeError("no"), { code: "ERR_INVALID_ARG_TYPE" }), "task"],
  [new Error("a defect of a plugged-in part"), "task"],
  ["a string", "task"],
  [null, "task"],
  [undefined, "task"],
] as const)("of others' errors, %s: %s", (error, expected) => {
  for (const operation of operations) expect(errorClass(error, operation)).toBe(expected);
  expect(obstacleOf(error)).toBeNull();
});
