import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { explainFailure, followStartup, readStartup } from "../../src/node/log.ts";

function info(line: string): string {
  return `2026-01-02 03:04:05.678901+00:00 [info] <0.9.0> ${line}\n`;
}

function error(line: string): string {
  return `2026-01-02 03:04:05.678901+00:00 [error] <0.132.0> ${line}\n`;
}

const banner = info(" Starting RabbitMQ 3.10.8 on Erlang 25.2.3 [jit]");
const twoPlugins = banner + info("Server startup complete; 2 plugins started.") + info(" * rabbitmq_management");

test.for([
  ["nothing yet", "", { status: "starting" }],
  ["a banner", banner, { status: "starting" }],
  ["fewer plugins than counted", twoPlugins, { status: "starting" }],
  [
    "half a line",
    `${twoPlugins}2026-01-02 03:04:05.678901+00:00 [info] <0.9.0>  * rabbitmq_man`,
    { status: "starting" },
  ],
  [
    "no plugins",
    banner + info("Server startup complete; 0 plugins started."),
    { status: "complete", version: "3.10.8", plugins: [] },
  ],
  [
    "plugins below, with and without the log's prefix",
    `${twoPlugins} * rabbitmq_web_dispatch\n`,
    { status: "complete", version: "3.10.8", plugins: ["rabbitmq_management", "rabbitmq_web_dispatch"] },
  ],
  ["a taken listener", error("Failed to start Ranch listener, reason: {eaddrinuse,…}"), { status: "port-taken" }],
  [
    "a taken distribution port",
    "ERROR: distribution port 25672 in use by rabbit@localhost\n",
    { status: "port-taken" },
  ],
  ["a taken port of Docker's", "Bind for 127.0.0.1:5672 failed: port is already allocated\n", { status: "port-taken" }],
] as const)("a log with %s", ([, text, expected]) => {
  expect(readStartup(text)).toEqual(expected);
});

test("a failure is explained by what stands before the crash reports, each line once and without its prefix", () => {
  const text = [
    info("using configuration"),
    error("You've tried to set bogus.key, but there is no setting with that name."),
    "\nBOOT FAILED\n===========\n",
    error(""),
    error("BOOT FAILED"),
    error("==========="),
    error("BOOT FAILED"),
    error("    supervisor: {local,rabbit_prelaunch_sup}"),
    error("    reason: failed_to_prepare_configuration"),
    "Kernel pid terminated (application_controller)\n",
  ].join("");
  expect(explainFailure(text)).toBe(
    "You've tried to set bogus.key, but there is no setting with that name.\nBOOT FAILED",
  );
});

test("a failure before the log begins is explained by all that was written", () => {
  expect(explainFailure("erl: exec failed\n\n")).toBe("erl: exec failed");
});

async function logFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rabbit-local-test-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "node.log");
  await writeFile(file, text);
  return file;
}

test("a log is followed from where the start began", async () => {
  const before = banner + info("Server startup complete; 0 plugins started.");
  const file = await logFile(before);
  const following = followStartup(file, before.length, new AbortController().signal);
  await appendFile(file, banner.replace("3.10.8", "4.0.5") + info("Server startup complete; 0 plugins started."));
  expect(await following).toMatchObject({ status: "complete", version: "4.0.5" });
});

test("what a node wrote last counts, even when the wait was given up", async () => {
  const file = await logFile("eaddrinuse");
  expect(await followStartup(file, 0, AbortSignal.abort())).toEqual({ status: "port-taken" });
  expect(await followStartup(await logFile(banner), 0, AbortSignal.abort())).toEqual({ status: "starting" });
});
