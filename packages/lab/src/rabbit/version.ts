import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The Debian suite that has a version of RabbitMQ. */
const suites = { "4.3.6": "forky", "4.0.5": "trixie", "3.10.8": "bookworm" } as const;

/** A version that the lab has real brokers of. */
export type LabVersion = keyof typeof suites;

/** All of them, the newest first. */
export const labVersions: readonly ["4.3.6", "4.0.5", "3.10.8"] = ["4.3.6", "4.0.5", "3.10.8"];

/** The folder in which the lab keeps its root folders and the data of its nodes: `LEVERET_LAB`; null where that is not set. */
export const labFolder: string | null = process.env["LEVERET_LAB"] || null;

/** A program of the lab; its first lines describe its usage. */
export function labProgram(name: "rabbitmq-version" | "rabbit-cluster" | "root" | "confcheck"): string {
  return join(import.meta.dirname, "../../bin", name);
}

/** The root folder that stands in for the image of a version. */
export function imageOf(version: LabVersion): string {
  return join(labFolder ?? "/tmp/leveret-lab", "roots", suites[version]);
}

/** Makes the root folder of a version, unless it is there; rejects with the reason where this machine cannot. */
export async function makeImage(version: LabVersion): Promise<void> {
  await run(labProgram("root"), [suites[version], "make"], { maxBuffer: 16 * 1024 ** 2 });
}

/** Checks a rabbitmq.conf by a version's own schema; answers its complaints, empty where it accepts all. */
export async function checkConf(version: LabVersion, conf: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "confcheck-"));
  const file = join(folder, "rabbitmq.conf");
  writeFileSync(file, conf);
  try {
    await run(labProgram("confcheck"), [imageOf(version), file]);
    return "";
  } catch (error) {
    return (error as { stdout?: string }).stdout ?? String(error);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
