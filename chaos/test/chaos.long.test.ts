import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { labFolder } from "@leveret/lab";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const hasLab = labFolder !== null;
const grounds = [
  ["3.10", "1"],
  ["3.10", "3"],
  ["4.3", "1"],
  ["4.3", "3"],
] as const;

describe("five minutes of chaos lose nothing", () => {
  test.for(grounds.filter(([version]) => version === "3.10" || hasLab))(
    "RabbitMQ %s, nodes: %s",
    { timeout: 1_200_000 },
    ([version, nodes]) => {
      const args = ["chaos/main.ts", "--seconds", "300", "--version", version, "--nodes", nodes, "--write"];
      const { status } = spawnSync(process.execPath, ["--conditions=@leveret/source", ...args], {
        cwd: root,
        stdio: "inherit",
      });
      expect(status).toBe(0);
    },
  );
});
