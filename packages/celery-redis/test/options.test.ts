import { yaml } from "@leveret/celery-codecs";
import { describe, expect, test } from "vitest";
import { redisResults } from "../src/index.ts";
import { resolveResults } from "../src/options.ts";

const url = "redis://h";

describe("options", () => {
  test("have Celery's defaults", () => {
    const resolved = resolveResults(url, {}, "box");
    expect(resolved).toMatchObject({
      serializer: "json",
      expiresSeconds: 86_400,
      extended: false,
      chordsOrdered: true,
    });
    expect(resolved).toMatchObject({ nodeName: "celery@box", stored: { contentType: "application/json" } });
    expect(resolved.keys.task("a")).toBe("celery-task-meta-a");
  });

  test("say how long results are kept", () => {
    expect(resolveResults(url, { expires: "90s" }, "box").expiresSeconds).toBe(90);
    expect(resolveResults(url, { expires: 0.2 }, "box").expiresSeconds).toBe(1);
    expect(resolveResults(url, { expires: 0 }, "box").expiresSeconds).toBe(0);
  });

  test("read what they write", () => {
    const resolved = resolveResults(url, { serializers: [yaml], serializer: "yaml" }, "box");
    expect(resolved.stored).toMatchObject({ contentType: "application/x-yaml" });
  });

  test.each<[string, object, RegExp]>([
    ["an unknown option", { expire: 5 }, /expire \(unknown\)\. Did you mean `expires`\?/],
    ["a serializer that is not there", { serializer: "yaml" }, /yaml/],
    ["a serializer that may not be read", { serializers: [yaml], serializer: "yaml", accept: ["json"] }, /yaml/],
    ["pickle", { accept: ["pickle"] }, /pickle/],
    ["a time that is none", { expires: "soon" }, /expires/],
    ["a prefix that is no text", { keyPrefix: 5 }, /keyPrefix/],
    ["extended that is no flag", { extended: "yes" }, /extended/],
    ["an order that is no flag", { chordsOrdered: 0 }, /chordsOrdered/],
  ])("refuse %s", (_what, options, reason) => {
    const make = (): unknown => redisResults(url, options);
    expect(make).toThrow(expect.objectContaining({ code: "option-invalid" }) as Error);
    expect(make).toThrow(reason);
  });
});
