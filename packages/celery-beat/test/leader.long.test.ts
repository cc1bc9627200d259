import { expect, onTestFinished, test } from "vitest";
import { brokersAtHand, freshVhost } from "../../../scripts/vitest/vhost.ts";
import { endLeaders } from "./support/killed-beats.ts";

test.each(brokersAtHand())(
  "sixty leaders killed on the %s broker: each tick comes exactly once",
  async (broker) => {
    const vhost = await freshVhost(broker);
    onTestFinished(() => vhost.remove());
    const { expected, came, doubled, alien } = await endLeaders(vhost.url, "SIGKILL", 60);
    console.log(`${expected} ticks, ${came} came, ${doubled} messages doubled`);
    expect(expected).toBeGreaterThan(500);
    expect({ came, doubled, alien }).toEqual({ came: expected, doubled: 0, alien: 0 });
  },
);
