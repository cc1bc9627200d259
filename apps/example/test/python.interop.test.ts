import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createClient } from "@leveret/celery-amqp";
import { createWorker } from "@leveret/celery-amqp/worker";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { freshVhost, type TestVhost } from "../../../scripts/vitest/vhost.ts";
import { tellStory } from "../src/story.ts";
import { tasks } from "../src/tasks.ts";

// The same story with Python on either side: the example's tasks.py is the other half.

const folder = join(import.meta.dirname, "../python");
const peer = inject("peers").latestCelery;
const python = "path" in peer ? peer.path : "";

function startPython(args: readonly string[], brokerUrl: string): ChildProcess {
  return spawn(python, args, {
    cwd: folder,
    env: { ...process.env, CELERY_BROKER_URL: brokerUrl, PYTHONDONTWRITEBYTECODE: "1", C_FORCE_ROOT: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Everything a process prints, as it comes. */
function listen(child: ChildProcess): { text: string } {
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => (output.text += chunk.toString()));
  }
  return output;
}

const absent = "missing" in peer ? ` (${peer.missing})` : "";

describe.skipIf("missing" in peer)(`the example in Python${absent}`, { timeout: 600_000 }, () => {
  let vhost: TestVhost;

  beforeEach(async () => {
    vhost = await freshVhost();
  });

  afterEach(async () => {
    await vhost.remove();
  });

  test("serves our client's whole story", async () => {
    const options = ["-P", "threads", "-c", "2", "-l", "INFO", "--without-gossip", "--without-mingle"];
    const worker = startPython(["-m", "celery", "-A", "tasks", "worker", ...options], vhost.url);
    const output = listen(worker);
    const client = createClient({ broker: vhost.url });
    const lines: string[] = [];
    try {
      await tellStory(client, (line) => lines.push(line), 100_000);
    } finally {
      await client.close();
      worker.kill("SIGTERM");
      await once(worker, "close");
    }
    const story = lines.join("\n");
    expect({ story, worker: output.text }).toMatchObject({
      story: expect.stringMatching(/SUCCESS +tasks\.send_sms[^\n]*"\+98 21 1234: salaam"/) as string,
    });
    expect(story).toMatch(/RETRY +tasks\.call/);
    expect(story).toMatch(/SUCCESS +tasks\.heavy\(100000\) +9592/);
    expect(story).toMatch(/FAILURE +tasks\.fail\('no such file'\) +ValueError: no such file/);
  });

  test.each([
    ["add.delay(2, 3)", "5"],
    ["send_sms.delay(phone='+98 21', text='salaam')", "+98 21: salaam"],
    ["upload.delay('video.mp4', 2)", "{'url': 'video.mp4', 'size': 2}"],
    ["heavy.delay(1000)", "168"],
    ["call.delay('+98 21')", "+98 21 answered at attempt 2"],
  ])("has %s answered by our worker", async (call, answer) => {
    const worker = createWorker({ broker: vhost.url, tasks, logLevel: "error" });
    await worker.start();
    const code = `from tasks import *; print(${call}.get(timeout=150))`;
    const caller = startPython(["-c", code], vhost.url);
    const output = listen(caller);
    await once(caller, "close");
    await worker.stop();
    expect(output.text.trim()).toBe(answer);
  });
});
