import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { toYaml } from "../../src/command/to-yaml.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { text } from "../../src/refusal/shape.ts";
import { oddTexts } from "../kubernetes/odd-values.ts";

describe("the YAML of manifests", () => {
  it.each(["1.1", "1.2"] as const)("gives back every text as it was, by YAML %s", (version) => {
    const taken = oddTexts.filter((word) => word.length < 1000 && text(word).length === 0);
    const annotations = Object.fromEntries(taken.map((word, index) => [`text-${index}`, word]));
    const { manifests } = renderCluster({ namespace: "2048", version: "4.3.6", annotations });
    const documents = parseAllDocuments(toYaml(manifests), { version });
    expect(documents.map((document) => document.toJS() as unknown)).toEqual(JSON.parse(JSON.stringify(manifests)));
  });
});
