import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, defineTask } from "@leveret/celery-amqp";
import { createWorker } from "@leveret/celery-amqp/worker";
import { context, trace } from "@opentelemetry/api";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { brokersAtHand, freshVhost } from "../../../../scripts/vitest/vhost.ts";
import { eventually } from "@leveret/test-support/eventually";
import { createTracing } from "../../src/index.ts";
import { type Node, setUpTelemetry, toNode, treeOf } from "../telemetry.ts";

const peer = inject("peers").latestCelery;
const python = "path" in peer ? peer.path : "";

/** A Python worker with OpenTelemetry's instrumentation of Celery. */
async function startPython(brokerUrl: string): Promise<{ spans(): Promise<readonly Node[]> }> {
  const folder = await mkdtemp(join(tmpdir(), "leveret-traces-"));
  const file = join(folder, "spans.jsonl");
  const args = [
    "-A",
    "traced",
    "worker",
    "-P",
    "solo",
    "-Q",
    "py",
    "-l",
    "INFO",
    "--without-gossip",
    "--without-mingle",
  ];
  const child: ChildProcess = spawn(python, ["-m", "celery", ...args], {
    cwd: join(import.meta.dirname, "python"),
    env: {
      ...process.env,
      CELERY_BROKER_URL: brokerUrl,
      TRACE_FILE: file,
      PYTHONDONTWRITEBYTECODE: "1",
      C_FORCE_ROOT: "1",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (log += chunk.toString()));
  onTestFinished(async () => {
    const closed = once(child, "close");
    child.kill("SIGKILL");
    if (child.exitCode === null) await closed;
    await rm(folder, { recursive: true });
  });
  await eventually("the Python worker is ready", () => {
    if (child.exitCode !== null) throw new Error(`The Celery worker ended with ${child.exitCode}: ${log.slice(-4000)}`);
    return log.includes(" ready.");
  });
  return {
    async spans() {
      const text = await readFile(file, "utf8").catch(() => "");
      const lines = text.split("\n").slice(0, -1);
      return lines.map((line) => JSON.parse(line) as Node);
    },
  };
}

describe.skipIf(python === "").each(brokersAtHand())("with Python's instrumentation of Celery (%s)", (which) => {
  test("one trace reaches through workers of both kinds, and back", async () => {
    const vhost = await freshVhost(which);
    onTestFinished(() => vhost.remove());
    const theirs = await startPython(vhost.url);
    const telemetry = setUpTelemetry();
    const { provider } = telemetry;
    const interceptors = [createTracing({ tracerProvider: provider })];
    const double = defineTask("js.double", async (ctx, x: number) => {
      await ctx.client.sendByName("py.end", { args: [x * 2], queue: "py" });
    });
    const worker = createWorker({
      broker: vhost.url,
      tasks: [double],
      queues: ["js"],
      interceptors,
      logLevel: "error",
    });
    onTestFinished(() => worker.stop({ grace: 0 }));
    await worker.start();
    const client = createClient({ broker: vhost.url, interceptors });
    onTestFinished(() => client.close());

    const request = provider.getTracer("test").startSpan("request");
    await context.with(trace.setSpan(context.active(), request), () =>
      client.sendByName("py.relay", { args: [21], queue: "py" }),
    );
    request.end();
    await eventually("both have told all their spans", async () => {
      return (await theirs.spans()).length + telemetry.spans.length === 7;
    });

    const nodes = [...(await theirs.spans()), ...telemetry.spans.map((span) => toNode(span))];
    expect(treeOf(nodes)).toEqual([
      "internal request",
      "  producer send py.relay",
      "    consumer run/py.relay",
      "      producer apply_async/js.double",
      "        consumer process js.double",
      "          producer send py.end",
      "            consumer run/py.end",
    ]);
    expect(new Set(nodes.map((node) => node.trace))).toEqual(new Set([request.spanContext().traceId]));
  });
});
