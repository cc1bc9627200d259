import { expect, onTestFinished, test } from "vitest";
import { brokersAtHand, freshVhost } from "../../../scripts/vitest/vhost.ts";
import { troubleLeaders, type Trouble } from "./support/killed-beats.ts";

const troubles = brokersAtHand().flatMap((broker) =>
  (
    [
      ["SIGKILL", 60],
      ["cut off", 25],
      ["unaware", 10],
      ["frozen", 6],
    ] as const satisfies readonly (readonly [Trouble, number])[]
  ).map(([trouble, times]) => ({ broker, trouble, times })),
);

test.each(troubles)(
  "leaders on the $broker broker: $trouble $times times, and each tick comes exactly once",
  async (row) => {
    const vhost = await freshVhost(row.broker);
    onTestFinished(() => vhost.remove());
    const { expected, came, doubled, alien } = await troubleLeaders(vhost.url, row.trouble, row.times);
    console.log(`${expected} ticks, ${came} came, ${doubled} messages doubled`);
    expect(expected).toBeGreaterThan(row.times * 8);
    expect({ came, doubled, alien }).toEqual({ came: expected, doubled: 0, alien: 0 });
  },
);
