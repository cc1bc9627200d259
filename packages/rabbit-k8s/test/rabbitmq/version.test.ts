import { describe, expect, it } from "vitest";
import { nextSteps, upgradePath } from "../../src/rabbitmq/upgrade.ts";
import { isAtLeast, parseVersion } from "../../src/rabbitmq/version.ts";

describe("versions", () => {
  it.each([
    ["4.3", { series: "4.3", major: 4, minor: 3, patch: 6 }],
    ["3.10.8", { series: "3.10", major: 3, minor: 10, patch: 8 }],
    ["3.9.14-management", { series: "3.9", patch: 14 }],
  ])("%s is read", (text, expected) => {
    expect(parseVersion(text)).toMatchObject(expected);
  });

  it.each(["", "4", "latest", "2.8", "4.9", "4.3.x"])("%j is none that is known", (text) => {
    expect(parseVersion(text)).toBeNull();
  });

  it.each([
    ["4.3.6", "4.3.6", true],
    ["4.3.6", "4.3", true],
    ["3.13.7", "4.0", false],
    ["3.10.8", "3.9.29", true],
    ["3.12.13", "3.12.14", false],
  ])("is %s at least %s: %s", (version, floor, expected) => {
    expect(isAtLeast(parseVersion(version)!, floor)).toBe(expected);
  });
});

describe("upgrades", () => {
  it("go one series at a time up to 3.13, and to 4.3 from 4.2 only", () => {
    expect(upgradePath("3.9", "4.3")).toEqual(["3.9", "3.10", "3.11", "3.12", "3.13", "4.2", "4.3"]);
    expect(nextSteps("4.0")).toEqual(["4.1", "4.2"]);
    expect(upgradePath("4.2", "4.1")).toBeNull();
  });
});
