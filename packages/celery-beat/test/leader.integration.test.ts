import { expect, onTestFinished, test } from "vitest";
import { brokersAtHand, freshVhost } from "../../../scripts/vitest/vhost.ts";
import { troubleLeaders } from "./support/killed-beats.ts";

const each = brokersAtHand().flatMap((broker) => [
  { broker, trouble: "SIGKILL", times: 3 } as const,
  { broker, trouble: "SIGTERM", times: 1 } as const,
]);

test.each([...each, { broker: "distribution", trouble: "unaware", times: 1 } as const])(
  "leaders on the $broker broker: $trouble $times times, and each tick comes exactly once",
  async ({ broker, trouble, times }) => {
    const vhost = await freshVhost(broker);
    onTestFinished(() => vhost.remove());
    const { expected, came, doubled, alien } = await troubleLeaders(vhost.url, trouble, times);
    expect(expected).toBeGreaterThan((times + 1) * 8);
    expect({ came, doubled, alien }).toEqual({ came: expected, doubled: 0, alien: 0 });
  },
);
