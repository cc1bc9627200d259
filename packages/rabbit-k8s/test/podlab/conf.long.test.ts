import { describe, expect, it } from "vitest";
import { resolveCluster } from "../../src/cluster/resolve.ts";
import { renderConf } from "../../src/server/conf.ts";
import { everything } from "../samples.ts";
import { confcheck, labFolder } from "./lab.ts";

/** The settings whose files exist only within the pods. */
const files = /^(definitions\.local\.path|.*\.(cacertfile|certfile|keyfile)) = .*\n/gm;

describe.skipIf(labFolder === undefined).each(["3.10.8", "4.0.5", "4.3.6"] as const)(
  "the schema of %s itself",
  (version) => {
    it("takes every setting of a full cluster", async () => {
      expect(
        await confcheck(version, renderConf(resolveCluster(everything(version)).cluster).replaceAll(files, "")),
      ).toBe("");
    });

    it("refuses a setting it does not know, so that this test can fail", async () => {
      expect(await confcheck(version, "no.such.key = 1\n")).not.toBe("");
    });
  },
);
