import { execFile, type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The folder with podlab, podlab-image and confcheck; the tests that need it are left out where it is not named. */
export const labFolder: string | undefined = process.env["RABBIT_K8S_LAB"];

const rootsFolder = process.env["RABBIT_K8S_ROOTS"] ?? join(tmpdir(), "rabbit-k8s-roots");

/** Which distribution has which RabbitMQ. */
const suites = { "3.10.8": "bookworm", "4.0.5": "trixie", "4.3.6": "forky" } as const;

/** The versions the lab has real brokers of. */
export type LabVersion = keyof typeof suites;

/** The folder that stands in for an image, made if it is not there. */
async function imageOf(version: LabVersion): Promise<string> {
  const root = join(rootsFolder, suites[version]);
  if (!existsSync(join(root, ".podlab-cmd"))) {
    mkdirSync(rootsFolder, { recursive: true });
    await run(join(labFolder ?? "", "podlab-image"), [suites[version], root]);
  }
  return root;
}

/** Checks a rabbitmq.conf against a broker's own schema; answers its complaints, empty when it takes all. */
export async function confcheck(version: LabVersion, conf: string): Promise<string> {
  const file = join(mkdtempSync(join(tmpdir(), "confcheck-")), "rabbitmq.conf");
  writeFileSync(file, conf);
  try {
    await run(join(labFolder ?? "", "confcheck"), [await imageOf(version), file]);
    return "";
  } catch (error) {
    return (error as { stdout?: string }).stdout ?? String(error);
  }
}

/** An answer of the management API. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Pods of rendered manifests, with real brokers. */
export class Lab {
  readonly #state: string;
  readonly #process: ChildProcess;

  private constructor(state: string, process_: ChildProcess) {
    this.#state = state;
    this.#process = process_;
  }

  /** Starts the pods of manifests. */
  static async start(version: LabVersion, namespace: string, yaml: string): Promise<Lab> {
    const state = mkdtempSync(join(tmpdir(), "podlab-"));
    const manifests = join(state, "manifests.yaml");
    writeFileSync(manifests, yaml);
    const image = `rabbitmq:=${await imageOf(version)}`;
    const words = ["run", "--state", state, "--manifests", manifests, "--namespace", namespace, "--image", image];
    const child = spawn(process.execPath, [join(labFolder ?? "", "podlab.mjs"), ...words], {
      stdio: "ignore",
      env: { ...process.env, PODLAB_QUIET: "1" },
    });
    const lab = new Lab(state, child);
    await lab.#socket();
    return lab;
  }

  async #socket(): Promise<void> {
    const socket = join(this.#state, "ctl.sock");
    for (const deadline = Date.now() + 60_000; !existsSync(socket);) {
      if (Date.now() > deadline) throw new Error("podlab did not come up");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** A command of podlab. */
  async ctl(...words: readonly string[]): Promise<string> {
    const { stdout } = await run(
      process.execPath,
      [join(labFolder ?? "", "podlab.mjs"), "ctl", this.#state, ...words],
      {
        maxBuffer: 64 * 1024 ** 2,
      },
    );
    return stdout;
  }

  /** Waits until every pod is ready on the newest manifests. */
  async ready(seconds: number): Promise<void> {
    await this.ctl("wait", String(seconds));
  }

  /** A command within a pod. */
  exec(pod: string, ...command: readonly string[]): Promise<string> {
    return this.ctl("exec", pod, "--", ...command);
  }

  /** Applies changed manifests. */
  async apply(yaml: string): Promise<void> {
    const file = join(this.#state, "changed.yaml");
    writeFileSync(file, yaml);
    await this.ctl("apply", file);
  }

  /** A request to the management API of a pod, from within its network. */
  async management(pod: string, login: string, method: string, path: string, body?: unknown): Promise<Answer> {
    const text = await this.fetch(pod, `http://127.0.0.1:15672/api/${path}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(login, "utf8").toString("base64")}`,
        "content-type": "application/json",
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const { status, text: content } = JSON.parse(text) as { status: number; text: string };
    return { status, body: content === "" ? null : (JSON.parse(content) as unknown) };
  }

  /** Any request from within a pod's network; answers status and text as JSON. */
  fetch(pod: string, url: string, init: object): Promise<string> {
    const program = `fetch(${JSON.stringify(url)}, ${JSON.stringify(init)}).then(async (r) => console.log(JSON.stringify({ status: r.status, text: await r.text() })))`;
    return this.ctl("net", pod, "--", process.execPath, "-e", program);
  }

  /** What happened since the start: `SECONDS WORDS`. */
  async events(): Promise<readonly string[]> {
    return (await this.ctl("events")).trim().split("\n");
  }

  /** The most pods that were not ready at once, after a moment. */
  async mostDown(pods: number, fromSeconds: number): Promise<number> {
    const ready = new Set<string>();
    let most = 0;
    for (const line of await this.events()) {
      const [, seconds, pod = "", state] = /^\s*([\d.]+) (\S+) is (Ready|not Ready)$/.exec(line) ?? [];
      const deleted = /^\s*([\d.]+) (\S+) deleting$/.exec(line);
      if (state === "Ready") ready.add(pod);
      else if (state === "not Ready") ready.delete(pod);
      else if (deleted !== null) ready.delete(deleted[2] ?? "");
      else continue;
      if (Number(seconds ?? deleted?.[1]) > fromSeconds) most = Math.max(most, pods - ready.size);
    }
    return most;
  }

  /** The containers that ended by themselves, with what their broker said last; empty when none did. */
  async exits(pods: readonly string[]): Promise<readonly string[]> {
    const lines = (await this.events()).filter((line) => / exited /.test(line));
    if (lines.length === 0) return [];
    const logs = await Promise.all(pods.map((pod) => this.ctl("logs", pod)));
    const errors = logs.flatMap((log) =>
      log
        .split("\n")
        .filter((line) => /error|FAILED|timeout/i.test(line))
        .slice(-60),
    );
    return [...lines, ...errors];
  }

  /** Seconds since the start, as the events count them. */
  async now(): Promise<number> {
    return Number((await this.events()).at(-1)?.trim().split(" ")[0]);
  }

  /** Ends every process and removes the state. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    await this.ctl("down");
    await ended;
    rmSync(this.#state, { recursive: true, force: true });
  }
}
