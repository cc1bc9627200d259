import { homedir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cacheFolder, distributionKey, readDistribution } from "../../src/install/cache-folder.ts";

test("the cache is in the user's cache folder", () => {
  expect(cacheFolder({ XDG_CACHE_HOME: "/c" })).toBe("/c/leveret/rabbit-local");
  expect(cacheFolder({ XDG_CACHE_HOME: "" })).toBe(join(homedir(), ".cache/leveret/rabbit-local"));
  expect(cacheFolder({})).toBe(join(homedir(), ".cache/leveret/rabbit-local"));
});

test.for([
  [
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n',
    "debian-12",
  ],
  ['ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n', "ubuntu-24.04"],
  ["ID=debian\nVERSION_CODENAME=forky\n", "debian-forky"],
  ["ID=debian\n", "debian-rolling"],
  ["", "linux-rolling"],
])("a server of another distribution is not taken for ours: %j", ([text, key]) => {
  expect(readDistribution(text!)).toBe(key);
});

test("nor one of another architecture", async () => {
  expect(await distributionKey("/nowhere/os-release")).toBe(`linux-rolling-${process.arch}`);
});
