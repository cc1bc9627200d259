import { createClient } from "@leveret/celery-amqp";
import { createWorker } from "@leveret/celery-amqp/worker";
import { expect, onTestFinished, test } from "vitest";
import { freshVhost } from "../../../scripts/vitest/vhost.ts";
import { eventually } from "@leveret/test-support/eventually";
import { createTracing } from "../src/index.ts";
import * as tasks from "./tasks.ts";
import { setUpTelemetry } from "./telemetry.ts";

test("a trace reaches what tasks send that run in threads", async () => {
  const vhost = await freshVhost();
  onTestFinished(() => vhost.remove());
  const telemetry = setUpTelemetry();
  const interceptors = [createTracing({ tracerProvider: telemetry.provider })];
  const module = new URL("tasks.ts", import.meta.url);
  const worker = createWorker({
    broker: vhost.url,
    tasks: Object.values(tasks),
    interceptors,
    pool: { kind: "threads", size: 1, module, execArgv: ["--conditions=@leveret/source"] },
    logLevel: "error",
  });
  onTestFinished(() => worker.stop({ grace: 0 }));
  await worker.start();
  const client = createClient({ broker: vhost.url, interceptors });
  onTestFinished(() => client.close());
  await client.send(tasks.parent, 1);
  await eventually("all spans have ended", () => telemetry.spans.length === 4);
  expect(telemetry.tree()).toEqual([
    "producer send threads.parent",
    "  consumer process threads.parent",
    "    producer send threads.add",
    "      consumer process threads.add",
  ]);
});
