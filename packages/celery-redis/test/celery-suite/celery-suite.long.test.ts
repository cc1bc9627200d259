import { describe, expect, inject, test } from "vitest";
import { brokersAtHand } from "../../../../scripts/vitest/vhost.ts";
import { type Release, releases } from "./left-out.ts";
import { countsOf, type Ends, joined, type Whose } from "./pytest.ts";
import { runSuite, type SuitePart } from "./suite.ts";

// The whole client side of Celery's integration suite, as far as it can meet a worker in another process: with ours, and
// with Python's for comparison.

const { recordedCelery, latestCelery } = inject("peers");
const celeries = [
  { release: releases["5.6.3"], peer: recordedCelery },
  { release: releases["5.7.0"], peer: latestCelery },
];

for (const { release, peer } of celeries) {
  describe.skipIf("missing" in peer).each(brokersAtHand())(
    `The suite of Celery ${release.version} on the %s RabbitMQ`,
    (broker) => {
      test.each<Whose>(["our", "Python's"])("its tasks run by %s worker", async (whose) => {
        const ends = await whole(release, { python: "path" in peer ? peer.path : "", whose, broker, select: [] });
        const failed = [...ends].filter(([, { outcome }]) => outcome === "failed");
        const title = `Celery ${release.version}'s integration suite, ${broker} RabbitMQ, ${whose} worker`;
        process.stdout.write(`${title}: ${JSON.stringify(countsOf(ends))}\n`);
        for (const [name, { text }] of failed) process.stdout.write(`${name}\n${text.slice(-600)}\n`);
        const otherwise = whose === "our" ? Object.keys(release.otherwiseHere) : [];
        const known = new Set([...Object.keys(release.needTheProcess), ...otherwise]);
        expect(failed.map(([name]) => name).filter((name) => !known.has(name))).toEqual([]);
        expect(ends.size).toBeGreaterThanOrEqual(release.cases);
      });
    },
  );
}

/** Chords take as long as all other canvases, and those as long as the rest. */
async function whole({ filesTried, failsUnfinishable }: Release, part: SuitePart): Promise<Ends> {
  const chords = ["test_canvas.py::test_chord"];
  const rest = filesTried.filter((file) => file !== "test_canvas.py");
  const parts = [{ select: chords }, { select: ["test_canvas.py"], leaveOut: chords }, { select: rest }];
  return joined(await Promise.all(parts.map((each) => runSuite({ ...part, ...each, failsUnfinishable }))));
}
