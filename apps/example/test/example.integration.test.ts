import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import { freshVhost } from "../../../scripts/vitest/vhost.ts";

const main = join(import.meta.dirname, "../src/main.ts");

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

class Run {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #stdout = "";
  #stderr = "";

  constructor(args: readonly string[], env: Readonly<Record<string, string | undefined>>) {
    this.child = spawn(process.execPath, ["--conditions=@leveret/source", main, ...args], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.on("data", (chunk: Buffer) => (this.#stdout += chunk.toString()));
    this.child.stderr?.on("data", (chunk: Buffer) => (this.#stderr += chunk.toString()));
    this.ended = once(this.child, "close").then(([code]) => ({
      code: code as number | null,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  /** Resolves when a line with this text came out on either stream. */
  async says(text: string): Promise<void> {
    while (!`${this.#stdout}${this.#stderr}`.includes(text)) {
      await Promise.race([
        once(this.child.stdout as NodeJS.ReadableStream, "data"),
        once(this.child.stderr as NodeJS.ReadableStream, "data"),
      ]);
    }
  }
}

async function unusedPort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("the example", { timeout: 600_000 }, () => {
  test("serves and sends as two processes, and stops when told", async () => {
    const vhost = await freshVhost();
    const env = { CELERY_BROKER_URL: vhost.url };
    const worker = new Run(["worker"], env);
    await worker.says("worker running");
    const client = await new Run(["client"], env).ended;
    expect(client).toMatchObject({ code: 0, stderr: "" });
    expect(client.stdout).toMatch(/SUCCESS +tasks\.add\(2, 3\) +5\n/);
    expect(client.stdout).toMatch(/RETRY +tasks\.call/);
    expect(client.stdout).toMatch(/FAILURE +tasks\.fail\('no such file'\) +ValueError: no such file\n/);
    worker.child.kill("SIGTERM");
    expect(await worker.ended).toMatchObject({ code: 0 });
    await vhost.remove();
  });

  test("demonstrates itself on a broker it is given", async () => {
    const vhost = await freshVhost();
    const { code, stdout } = await new Run(["demo"], { CELERY_BROKER_URL: vhost.url }).ended;
    expect(code).toBe(0);
    expect(stdout).toContain("using the broker that CELERY_BROKER_URL names");
    expect(stdout).toMatch(/SUCCESS +tasks\.heavy/);
    expect(stdout.trim().split("\n").at(-1)).toContain("everything it started is stopped");
    await vhost.remove();
  });

  test("demonstrates itself in one process where no broker can be had", async () => {
    const env = { CELERY_BROKER_URL: undefined, RABBIT_LOCAL_SERVER: "/nowhere/rabbitmq-server" };
    const { code, stdout } = await new Run(["demo"], env).ended;
    expect(stdout).toContain("on a broker in memory");
    expect(stdout).toMatch(/SUCCESS +tasks\.heavy/);
    expect(code).toBe(0);
  });

  test.each(["client", "worker"])("says in one line that no broker answers its %s", async (mode) => {
    const url = `amqp://guest:secret@127.0.0.1:${await unusedPort()}//`;
    const { code, stdout, stderr } = await new Run([mode], { CELERY_BROKER_URL: url }).ended;
    expect(code).toBe(1);
    expect(stderr).toContain("No broker answers");
    expect(stdout + stderr).not.toContain("secret");
    expect(stdout + stderr).not.toMatch(/^ +at /m);
  });

  test("refuses a login with one line", async () => {
    const url = inject("amqpUrl").replace(/\/\/[^@]*@/, "//nobody:secret@");
    const { code, stderr } = await new Run(["client"], { CELERY_BROKER_URL: url }).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/refused/i);
    expect(stderr).not.toContain("secret");
  });

  test("misses a vhost with one line", async () => {
    const url = `${inject("amqpUrl").replace(/\/*$/, "")}/nowhere`;
    const { code, stderr } = await new Run(["client"], { CELERY_BROKER_URL: url }).ended;
    expect(code).toBe(1);
    expect(stderr).toContain("nowhere");
  });

  test.each([["--help"], ["worker", "--help"], ["client", "--help"], ["demo", "--help"]])(
    "helps with %s %s",
    async (...args) => {
      const { code, stdout } = await new Run(args, {}).ended;
      expect(code).toBe(0);
      expect(stdout).toContain("Usage: example");
    },
  );

  test.each([["nonsense"], ["worker", "--nonsense"], ["worker", "-c", "many"]])("refuses %s %s", async (...args) => {
    const { code, stderr } = await new Run(args, {}).ended;
    expect(code).toBe(1);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(stderr.length).toBeGreaterThan(10);
  });
});
