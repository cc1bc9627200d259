import { describe, expect, inject, test } from "vitest";
import { brokersAtHand } from "../../../../../scripts/vitest/vhost.ts";
import { countsOf, joined, type Whose } from "../pytest.ts";
import { filesTried, otherwiseHere, otherwiseThere } from "./left-out.ts";
import { runSmoke } from "./smoke.ts";

// Celery's smoke tests, as far as they judge a worker by what it does: with ours, and with Python's for comparison.

const peer = inject("peers").latestCelery;

describe.skipIf("missing" in peer)("Celery 5.7.0's smoke tests without containers", () => {
  for (const broker of brokersAtHand()) {
    test.each<Whose>(["our", "Python's"])(`with %s worker on the ${broker} RabbitMQ`, async (whose) => {
      const python = "path" in peer ? peer.path : "";
      const parts = [0, 1].map((half) => filesTried.filter((_, index) => index % 2 === half));
      const ends = joined(await Promise.all(parts.map((select) => runSmoke({ python, whose, broker, select }))));
      const failed = [...ends].filter(([, { outcome }]) => outcome === "failed");
      process.stdout.write(
        `Celery 5.7.0's smoke tests, ${broker} RabbitMQ, ${whose} worker: ${JSON.stringify(countsOf(ends))}\n`,
      );
      for (const [name, { text }] of failed) process.stdout.write(`${name}\n${text.slice(-600)}\n`);
      const known = Object.keys(whose === "our" ? otherwiseHere : otherwiseThere);
      expect(failed.map(([name]) => name).filter((name) => !known.some((each) => name.startsWith(each)))).toEqual([]);
      expect(ends.size).toBeGreaterThanOrEqual(80);
    });
  }
});
