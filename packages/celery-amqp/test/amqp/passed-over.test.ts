import { expect, test } from "vitest";
import { PassedOver } from "../../src/amqp/passed-over.ts";
import { createFakeClock } from "../../src/testing.ts";
import { RecordingLogger } from "@leveret/test-support/recording-logger";

test("messages that are passed over are logged once a minute, with their number", async () => {
  const [clock, logger] = [createFakeClock(), new RecordingLogger()];
  const passedOver = new PassedOver("replies", { clock, logger });
  for (let count = 0; count < 100; count += 1) passedOver.note("deep");
  expect(logger.lines).toEqual([
    expect.stringMatching(/^warn messages with unreadable headers are dropped .*messages: 1/),
  ]);
  await clock.advance(60_000);
  passedOver.note("deeper");
  expect(logger.lines).toEqual([
    expect.anything(),
    expect.stringMatching(/queue: 'replies', reason: 'deeper', messages: 100/),
  ]);
});
