import { describe, expect, test } from "vitest";
import { parseAddresses } from "../../src/amqp/address.ts";
import {
  dialFailure,
  differingArgument,
  isBlameless,
  isQueueAway,
  lossReason,
  passingIfQueueAway,
  replyCode,
  requestFailure,
} from "../../src/amqp/errors.ts";

const [address] = parseAddresses("amqp://user:hunter2@host/shop");

/** An error as amqplib makes it of the broker's close. */
function closed(code: number, text: string): Error {
  return Object.assign(new Error(`Channel closed by server: ${code} (NAME) with message "${text}"`), { code });
}

describe("why a connection failed", () => {
  test.each([
    [
      new Error(
        'Handshake terminated by server: 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - Login was refused"',
      ),
      "access-refused",
      true,
    ],
    [new Error("Expected ConnectionOpenOk; got <ConnectionClose channel:0>"), "vhost-missing", true],
    [new Error("NOT_ALLOWED - vhost shop not found"), "vhost-missing", true],
    [new Error("NOT_ALLOWED - access to vhost 'shop' refused for user 'user'"), "access-refused", true],
    [
      new Error("NOT_ALLOWED - access to vhost 'shop' refused for user 'user': connection limit (0) is reached"),
      "limit-reached",
      false,
    ],
    [
      new Error("NOT_ALLOWED - connection refused for user 'user': user connection limit (1) is reached"),
      "limit-reached",
      false,
    ],
    [new Error("NOT_ALLOWED - connection refused: node connection limit (9) is reached"), "limit-reached", false],
    [
      Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" }),
      "broker-unreachable",
      false,
    ],
    [
      new AggregateError([new Error("connect ECONNREFUSED ::1:1"), new Error("connect ECONNREFUSED 127.0.0.1:1")]),
      "broker-unreachable",
      false,
    ],
  ])("%s", (cause, code, isFinal) => {
    const failure = dialFailure(cause, address!);
    expect(failure).toMatchObject({ isFinal, error: { code } });
    expect(failure.error.message).toMatch(/host/);
    expect(failure.error.message).not.toMatch(/hunter2/);
    expect(failure.error.cause).toBe(cause);
  });
});

describe("why a request failed", () => {
  test.each([
    [403, "ACCESS_REFUSED - configure access to queue 'q' in vhost '/' refused for user 'u'", "access-refused"],
    [404, "NOT_FOUND - no queue 'q' in vhost '/'", "not-found"],
    [405, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q'", "access-refused"],
    [406, "PRECONDITION_FAILED - invalid arg 'x-max-priority' for queue 'q'", "option-invalid"],
    [406, "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/'", "queue-mismatch"],
    [406, "PRECONDITION_FAILED - cannot declare queue 'q': queue limit in vhost '/' (1) is reached", "limit-reached"],
    [406, "PRECONDITION_FAILED - cannot declare exchange 'x': exchange limit of 1 is reached", "limit-reached"],
    [
      530,
      "NOT_ALLOWED - number of channels opened for user 'u' has reached the maximum allowed user limit of (1)",
      "limit-reached",
    ],
    [541, "INTERNAL_ERROR", "connection-lost"],
  ])("%i", (code, text, expected) => {
    const error = requestFailure(closed(code, text), 'declare queue "q"');
    expect(error.code).toBe(expected);
    expect(error.message).toContain('declare queue "q"');
    expect(error.message).toContain(text);
    expect(replyCode(error)).toBe(code);
  });
});

test.each([
  [
    "PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'celery' in vhost '/': received none but current is the value 'quorum' of type 'longstr'",
    "x-queue-type",
    /The queue exists with another x-queue-type: "celery" \(existing: the value 'quorum'.*, declared: none/,
  ],
  [
    "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'celery' in vhost '/': received 'false' but current is 'true'",
    "durable",
    /exists with another durable: .*existing: 'true', declared: 'false'/,
  ],
])("a mismatch names what differs: %s", (text, argument, message) => {
  const cause = closed(406, text);
  expect(differingArgument(cause)).toBe(argument);
  expect(requestFailure(cause, 'declare queue "celery"').message).toMatch(message);
});

test("a delivery that was held too long is called by its name", () => {
  const text = "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms.";
  expect(lossReason(closed(406, text)).message).toMatch(/consumer_timeout/);
});

test.each([
  [new Error("read ECONNRESET"), true],
  [closed(320, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"), true],
  [closed(541, "INTERNAL_ERROR - failed consuming from quorum queue 'q' in vhost '/': noproc"), true],
  [closed(541, "INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated."), false],
  [closed(406, "PRECONDITION_FAILED - inequivalent arg 'durable'"), false],
])("a request is made again after what is not its fault: %s", (cause, isAgain) => {
  expect(isBlameless(lossReason(cause))).toBe(isAgain);
});

describe("a queue that is there and out of reach", () => {
  test.each([
    "home node 'rabbit@b' of durable queue 'q' in vhost '/' is down or inaccessible",
    "queue 'q' in vhost '/' process is stopped by supervisor",
    "queue 'q' in vhost '/' has crashed and failed to restart",
    "failed to perform operation on queue 'q' in vhost '/' due to timeout",
    "failed to perform operation on queue 'q' in vhost '/': its leader <0.1.0> may be stopping or being demoted",
  ])("passes: %s", (text) => {
    const error = requestFailure(closed(404, `NOT_FOUND - ${text}`), 'declare queue "q"');
    expect(isQueueAway(error)).toBe(true);
    const passing = passingIfQueueAway(error);
    expect(passing).toMatchObject({ code: "connection-lost", cause: error });
    expect(isQueueAway(passing)).toBe(true);
  });

  test.each([
    [404, "NOT_FOUND - no queue 'q' in vhost '/'"],
    [404, "NOT_FOUND - no exchange 'e' in vhost '/'"],
    [406, "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/'"],
  ])("is not meant by %i %s", (code, text) => {
    const error = requestFailure(closed(code, text), 'declare queue "q"');
    expect(isQueueAway(error)).toBe(false);
    expect(passingIfQueueAway(error)).toBe(error);
  });
});
