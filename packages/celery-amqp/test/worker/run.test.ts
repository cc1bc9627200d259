import { EventEmitter } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { CeleryError } from "../../src/ports/errors.ts";
import { healthPort } from "../../src/system/health-port.ts";
import { defineTask } from "../../src/task/definition.ts";
import { type HostProcess, runUntilSignal } from "../../src/worker/run.ts";
import { createHarness } from "./harness.ts";

const hang = defineTask("demo.hang", () => new Promise(() => {}));

class FakeProcess extends EventEmitter implements HostProcess {
  exitCode: number | undefined;
  readonly exits: unknown[] = [];

  exit(code?: number): never {
    this.exits.push(code);
    return undefined as never;
  }
}

const health = () => ({});

async function run(
  prepare: (process: FakeProcess, harness: Awaited<ReturnType<typeof createHarness>>) => Promise<void>,
) {
  const harness = await createHarness([hang], { grace: "10s" });
  const process = new FakeProcess();
  const lines: string[] = [];
  const ended = runUntilSignal({ create: () => harness.worker, health, process, complain: (line) => lines.push(line) });
  await harness.settle();
  await prepare(process, harness);
  await ended;
  return { process, lines, harness };
}

describe("a worker as a process", () => {
  test("stops warm at the first signal and ends with 0", async () => {
    const { process, harness } = await run(async (host) => void host.emit("SIGTERM"));
    expect(harness.worker.state).toBe("stopped");
    expect(process.exitCode).toBe(0);
    expect(process.exits).toEqual([]);
    expect(process.eventNames()).toEqual([]);
  });

  test("gives running tasks their grace, and ends though a handler goes on", async () => {
    const { process, harness } = await run(async (host, { send, settle, clock }) => {
      await send({ task: "demo.hang" });
      await settle();
      host.emit("SIGTERM");
      await clock.advance(9_999);
      expect(host.exitCode).toBeUndefined();
      await clock.advance(2_000);
    });
    expect(process.exits).toEqual([0]);
    expect(harness.broker.messages("celery")).toHaveLength(1);
  });

  test("stops at once at the second signal", async () => {
    const { process } = await run(async (host, { send, settle, clock }) => {
      await send({ task: "demo.hang" });
      await settle();
      host.emit("SIGINT");
      await clock.advance(100);
      host.emit("SIGINT");
      await clock.advance(1_001);
    });
    expect(process.exits).toEqual([130]);
  });

  test("stops at once at SIGQUIT, also where it is stopping already", async () => {
    const { process } = await run(async (host, { send, settle, clock }) => {
      await send({ task: "demo.hang" });
      await settle();
      host.emit("SIGQUIT");
      await clock.advance(1_001);
    });
    expect(process.exits).toEqual([131]);
    const second = await run(async (host, { send, settle, clock }) => {
      await send({ task: "demo.hang" });
      await settle();
      host.emit("SIGTERM");
      host.emit("SIGQUIT");
      await clock.advance(1_001);
    });
    expect(second.process.exits).toEqual([131]);
    expect(second.harness.broker.messages("celery")).toHaveLength(1);
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"])("stops warm at %s while it starts", async (signal) => {
    const harness = await createHarness([hang]);
    const connected = Promise.withResolvers<void>();
    vi.spyOn(harness.transport, "connect").mockReturnValue(connected.promise);
    const process = new FakeProcess();
    const lines: string[] = [];
    const complain = (line: string): void => void lines.push(line);
    const ended = runUntilSignal({ create: () => harness.worker, health, process, complain });
    await harness.settle();
    expect(harness.worker.state).toBe("starting");
    process.emit(signal);
    await harness.clock.advance(60_000);
    await ended;
    connected.resolve();
    await harness.settle();
    expect(process.exitCode).toBe(0);
    expect(lines).toEqual([]);
    expect(harness.worker.state).toBe("stopped");
    expect(process.eventNames()).toEqual([]);
  });

  test("does not start where a signal came while its program loaded", async () => {
    const { worker } = await createHarness([hang]);
    const process = new FakeProcess();
    const loaded = Promise.withResolvers<typeof worker>();
    const ended = runUntilSignal({ create: () => loaded.promise, health, process, complain: () => {} });
    process.emit("SIGTERM");
    loaded.resolve(worker);
    await ended;
    expect(worker.state).toBe("new");
    expect(process.exitCode).toBe(0);
  });

  test("ends at a second signal though its program still loads", async () => {
    const process = new FakeProcess();
    void runUntilSignal({ create: () => new Promise(() => {}), health, process, complain: () => {} });
    process.emit("SIGTERM");
    process.emit("SIGTERM");
    expect(process.exits).toEqual([143]);
  });

  test("goes on at SIGUSR2, and though nobody reads its log", async () => {
    const [stdout, stderr] = [new EventEmitter(), new EventEmitter()];
    const { worker, settle } = await createHarness([hang]);
    const process = Object.assign(new FakeProcess(), { stdout, stderr });
    const ended = runUntilSignal({ create: () => worker, health, process, complain: () => {} });
    await settle();
    process.emit("SIGUSR2");
    for (const stream of [stdout, stderr]) stream.emit("error", Object.assign(new Error("EPIPE"), { code: "EPIPE" }));
    await settle();
    expect(worker.state).toBe("running");
    process.emit("SIGHUP");
    await ended;
    expect(process.exitCode).toBe(0);
  });

  test("ends when its own program stops it", async () => {
    const { process } = await run((_host, { worker }) => worker.stop());
    expect(process.exitCode).toBe(0);
  });

  test("says in one line what the user got wrong", async () => {
    const process = new FakeProcess();
    const lines: string[] = [];
    const create = failing(new CeleryError("option-invalid", "concurrency is 0: it must be more"));
    await runUntilSignal({ create, health, process, complain: (line) => lines.push(line) });
    expect(lines).toEqual(["The worker did not start (option-invalid): concurrency is 0: it must be more"]);
    expect(process.exitCode).toBe(1);
  });

  test("says in one line what is wrong with the port of the environment", async () => {
    const { worker } = await createHarness([hang]);
    const process = new FakeProcess();
    const lines: string[] = [];
    vi.stubEnv("CELERY_HEALTH_PORT", "tcp://10.0.0.1:80");
    const fromEnvironment = () => ({ port: healthPort() ?? 0 });
    await runUntilSignal({
      create: () => worker,
      health: fromEnvironment,
      process,
      complain: (line) => lines.push(line),
    });
    vi.unstubAllEnvs();
    expect(lines).toEqual([
      expect.stringMatching(/^The worker did not start \(option-invalid\): .*CELERY_HEALTH_PORT/),
    ]);
    expect(process.exitCode).toBe(1);
  });

  test("lets a bug through with its stack", async () => {
    const create = failing(new TypeError("bug"));
    await expect(runUntilSignal({ create, health, process: new FakeProcess(), complain: () => {} })).rejects.toThrow(
      "bug",
    );
  });

  test("says in one line that no broker answers", async () => {
    const { worker, broker } = await createHarness([hang]);
    broker.stop();
    const process = new FakeProcess();
    const lines: string[] = [];
    await runUntilSignal({ create: () => worker, health, process, complain: (line) => lines.push(line) });
    expect(lines).toEqual([expect.stringMatching(/^The worker did not start \(broker-unreachable\): [^\n]+$/)]);
    expect(process.exitCode).toBe(1);
  });
});

function failing(error: Error): () => never {
  return () => {
    throw error;
  };
}
