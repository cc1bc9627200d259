import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { removeHeartbeat, writeHeartbeat } from "../../src/system/heartbeat-file.ts";

describe("a heartbeat file", () => {
  test("is replaced, and removed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "heartbeat-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "beat");
    await writeHeartbeat(file, "one");
    await writeHeartbeat(file, "two");
    expect(await readFile(file, "utf8")).toBe("two");
    expect(await readdir(folder)).toEqual(["beat"]);
    await removeHeartbeat(file);
    await removeHeartbeat(file);
    expect(await readdir(folder)).toEqual([]);
  });

  test("that cannot be written is told by name", async () => {
    await expect(writeHeartbeat("/nowhere/beat", "now")).rejects.toMatchObject({
      code: "option-invalid",
      message: expect.stringContaining('"/nowhere/beat"'),
    });
  });
});
