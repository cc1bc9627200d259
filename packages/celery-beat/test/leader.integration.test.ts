import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { brokersAtHand, freshVhost, type TestVhost } from "../../../scripts/vitest/vhost.ts";
import { endLeaders } from "./support/killed-beats.ts";

describe.each(brokersAtHand())("two beats on the %s broker", (broker) => {
  let vhost: TestVhost;
  beforeEach(async () => {
    vhost = await freshVhost(broker);
  });
  afterEach(() => vhost.remove());

  test("whose leaders are killed: each tick comes exactly once", async () => {
    const { expected, came, doubled, alien } = await endLeaders(vhost.url, "SIGKILL", 3);
    expect(expected).toBeGreaterThan(20);
    expect({ came, doubled, alien }).toEqual({ came: expected, doubled: 0, alien: 0 });
  });

  test("whose leaders are told to stop: each tick comes exactly once", async () => {
    const { expected, came, doubled, alien } = await endLeaders(vhost.url, "SIGTERM", 2);
    expect(expected).toBeGreaterThan(20);
    expect({ came, doubled, alien }).toEqual({ came: expected, doubled: 0, alien: 0 });
  });
});
