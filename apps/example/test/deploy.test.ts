import { readFileSync } from "node:fs";
import { Testing, Yaml } from "cdk8s";
import { describe, expect, it } from "vitest";
import { deploy } from "../src/deploy.ts";

describe("the example's manifests", () => {
  it("in kubernetes/ are what `pnpm --filter example synth` writes", () => {
    const chart = Testing.chart();
    deploy(chart, { namespace: "example", image: "leveret-example:1" });
    const written = readFileSync(new URL("../kubernetes/example.k8s.yaml", import.meta.url), "utf8");
    expect(written).toBe(Yaml.stringify(...(Testing.synth(chart) as unknown[])));
  });
});
