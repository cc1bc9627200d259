import { checkConf, labVersions } from "@leveret/lab";
import { describe, expect, it } from "vitest";
import { resolveCluster } from "../../src/cluster/resolve.ts";
import { renderConf } from "../../src/server/conf.ts";
import { everything } from "../samples.ts";

/** The settings whose files exist only within the pods. */
const files = /^(definitions\.local\.path|.*\.(cacertfile|certfile|keyfile)) = .*\n/gm;

describe.each(labVersions)("the schema of %s itself", (version) => {
  it("takes every setting of a full cluster", async () => {
    expect(
      await checkConf(version, renderConf(resolveCluster(everything(version)).cluster).replaceAll(files, "")),
    ).toBe("");
  });

  it("refuses a setting it does not know, so that this test can fail", async () => {
    expect(await checkConf(version, "no.such.key = 1\n")).not.toBe("");
  });
});
