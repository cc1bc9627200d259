import { describe, expect, test } from "vitest";
import { clientNodeName, expandNodeName, parseNodeName, workerNodeName } from "../../src/routing/node-name.ts";

describe("node names", () => {
  test.each([
    ["w1@lab", { name: "w1", host: "lab" }],
    ["w1@a@b", { name: "w1", host: "a@b" }],
    ["lab", { name: null, host: "lab" }],
    ["@lab", { name: "", host: "lab" }],
  ])("%s is split at the first @", (nodeName, parts) => {
    expect(parseNodeName(nodeName)).toEqual(parts);
  });

  test.each([
    ["", "celery@box"],
    ["w1@", "w1@box"],
    ["w1@lab", "w1@lab"],
    ["lab", "celery@lab"],
    ["@lab", "celery@lab"],
  ])("%j makes the worker %s", (given, full) => {
    expect(workerNodeName(given, "box")).toBe(full);
  });

  test("a process that is no worker has a name, too", () => {
    expect(clientNodeName(4711, "box")).toBe("gen4711@box");
  });
});

describe("abbreviations", () => {
  const host = "box.example.com";

  // As Celery 5.6.3 prints them, but for %%, which it leaves as it is and its documentation calls a percent sign.
  test.each([
    ["w1@%h", { host }, "w1@box.example.com"],
    ["%n@%h", { host }, "box@box.example.com"],
    ["%n-%i.log", { host, name: "w1" }, "w1-0.log"],
    ["%n-%i.log", { host, name: "w1", processIndex: 3 }, "w1-3.log"],
    ["%n%I.log", { host, name: "w1" }, "w1.log"],
    ["%n%I.log", { host, name: "w1", processIndex: 3 }, "w1-3.log"],
    ["w1@%d", { host }, "w1@example.com"],
    ["%n|%d", { host: "box" }, "box|"],
    ["100%%", { host }, "100%"],
    ["%%h", { host }, "%h"],
    ["100%", { host }, "100%"],
  ])("%s with %j is %s", (pattern, parts, expanded) => {
    expect(expandNodeName(pattern, parts)).toBe(expanded);
  });

  test("that do not exist are refused by name", () => {
    expect(() => expandNodeName("w@%x", { host })).toThrow(
      expect.objectContaining({ code: "option-invalid", message: expect.stringContaining("%x") as unknown }),
    );
  });
});
