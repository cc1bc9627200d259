import { execFile, type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { inject, vi } from "vitest";

const run = promisify(execFile);

/** Which distribution has which RabbitMQ. */
const suites = { "3.10.8": "bookworm", "4.0.5": "trixie", "4.3.6": "forky" } as const;

/** The versions the lab has real brokers of. */
export type LabVersion = keyof typeof suites;

/** Every one of them, the newest first. */
export const labVersions = ["4.3.6", "4.0.5", "3.10.8"] as const satisfies readonly LabVersion[];

/** A program of the lab. */
const program = (name: "podlab.mjs" | "confcheck"): string => join(inject("podlab")?.folder ?? "", name);

/** The folder that stands in for an image. */
export const imageOf = (version: LabVersion): string => join(inject("podlab")?.images ?? "", suites[version]);

/** Checks a rabbitmq.conf against a broker's own schema; answers its complaints, empty when it takes all. */
export async function confcheck(version: LabVersion, conf: string): Promise<string> {
  const file = join(mkdtempSync(join(tmpdir(), "confcheck-")), "rabbitmq.conf");
  writeFileSync(file, conf);
  try {
    await run(program("confcheck"), [imageOf(version), file]);
    return "";
  } catch (error) {
    return (error as { stdout?: string }).stdout ?? String(error);
  }
}

/** A request to the management API. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** An answer of the management API. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A pod of the lab. */
export interface Pod {
  readonly name: string;
  readonly ip: string;
  readonly isReady: boolean;
  /** How often a container of it ended by itself. */
  readonly restarts: number;
}

/** What a web server answers. */
export interface Page {
  readonly status: number;
  readonly text: string;
}

/** Whether a process is the one that podlab starts for a container; its only child is the container's first process. */
function runsScript(pid: string, state: string, script: string): boolean {
  try {
    const [first, ...words] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return first === "unshare" && words.some((word) => word.startsWith(state) && word.endsWith(script));
  } catch {
    // It has ended meanwhile.
    return false;
  }
}

/** Pods of rendered manifests, with real brokers. */
export class Lab {
  readonly #state: string;
  readonly #process: ChildProcess;

  private constructor(state: string, process_: ChildProcess) {
    this.#state = state;
    this.#process = process_;
  }

  /** Starts the pods of manifests. `images` are folders by the start of an image's name, beside RabbitMQ's own. */
  static async start(namespace: string, yaml: string, images: Readonly<Record<string, string>> = {}): Promise<Lab> {
    const state = mkdtempSync(join(tmpdir(), "podlab-"));
    const manifests = join(state, "manifests.yaml");
    writeFileSync(manifests, yaml);
    const all = { ...Object.fromEntries(labVersions.map((each) => [`rabbitmq:${each}`, imageOf(each)])), ...images };
    const words = ["run", "--state", state, "--manifests", manifests, "--namespace", namespace];
    for (const [name, folder] of Object.entries(all)) words.push("--image", `^${name}=${folder}`);
    const child = spawn(process.execPath, [program("podlab.mjs"), ...words], {
      stdio: ["ignore", "ignore", openSync(join(state, "errors"), "w")],
      // It reads manifests with the library of this package.
      env: { ...process.env, PODLAB_QUIET: "1", PODLAB_NODE_MODULES: join(import.meta.dirname, "../../") },
    });
    const lab = new Lab(state, child);
    await lab.#socket();
    return lab;
  }

  async #socket(): Promise<void> {
    const socket = join(this.#state, "ctl.sock");
    for (const deadline = Date.now() + 60_000; !existsSync(socket);) {
      if (this.#process.exitCode !== null || Date.now() > deadline) {
        this.#process.kill();
        throw new Error(`podlab did not come up: ${readFileSync(join(this.#state, "errors"), "utf8")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** A command of podlab. */
  async ctl(...words: readonly string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [program("podlab.mjs"), "ctl", this.#state, ...words], {
      maxBuffer: 64 * 1024 ** 2,
    });
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

  /** Runs a shell script in a folder with these files, with a `kubectl` that asks podlab; answers its end and its words. */
  async script(text: string, files: Readonly<Record<string, string>> = {}): Promise<{ code: number; text: string }> {
    const folder = mkdtempSync(join(this.#state, "script-"));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const words = [process.execPath, join(import.meta.dirname, "kubectl.mjs"), program("podlab.mjs"), this.#state];
    writeFileSync(join(folder, "kubectl"), `#!/bin/sh\nexec ${words.join(" ")} "$@"\n`, { mode: 0o755 });
    const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` };
    try {
      const { stdout, stderr } = await run("sh", ["-c", text], { cwd: folder, env, maxBuffer: 64 * 1024 ** 2 });
      return { code: 0, text: stdout + stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, text: stdout + stderr };
    }
  }

  /** Applies changed manifests. */
  async apply(yaml: string): Promise<void> {
    const file = join(this.#state, "changed.yaml");
    writeFileSync(file, yaml);
    await this.ctl("apply", file);
  }

  /** A program of this machine, in a pod's network. */
  beside(pod: string, ...command: readonly string[]): Promise<string> {
    return this.ctl("net", pod, "--", ...command);
  }

  /** Deletes a pod, which is told to stop first. */
  async delete(pod: string): Promise<void> {
    await this.ctl("delete", pod);
  }

  /** Kills all that runs in a pod's container at once, as the kernel does when memory ends; nothing is stopped first. */
  async kill(pod: string, container = "rabbitmq"): Promise<void> {
    const script = `/${pod}/c/${container}/run.sh`;
    const deaths = async (): Promise<number> =>
      (await this.events()).filter((line) => line.includes(` ${pod} ${container} exited `)).length;
    const before = await deaths();
    const victims = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && runsScript(name, this.#state, script))
      .flatMap((name) => readFileSync(`/proc/${name}/task/${name}/children`, "utf8").trim().split(" ").map(Number));
    if (victims.length !== 1) throw new Error(`${container} of ${pod} has ${victims.length} first processes`);
    // With the first process of a namespace the kernel ends all others in it.
    for (const pid of victims) process.kill(pid, "SIGKILL");
    await vi.waitUntil(async () => (await deaths()) > before, { timeout: 60_000, interval: 100 });
  }

  /** Changes how many pods a StatefulSet or Deployment has. */
  async scale(set: string, replicas: number): Promise<void> {
    await this.ctl("scale", set, String(replicas));
  }

  /** Removes a claimed volume with all that is in it. */
  deleteVolume(namespace: string, name: string): void {
    const folder = join(this.#state, "pvc", namespace, name);
    if (!existsSync(folder)) throw new Error(`there is no volume ${name}`);
    rmSync(folder, { recursive: true });
  }

  /** The pods, as they are now. */
  async pods(): Promise<readonly Pod[]> {
    return (await this.ctl("status"))
      .trim()
      .split("\n")
      .map((line) => {
        const [path = "", ip = "", , ready, restarts = ""] = line.split("\t");
        return {
          name: path.split("/")[1] ?? "",
          ip,
          isReady: ready === "Ready",
          restarts: Number(restarts.replace("restarts=", "")),
        };
      });
  }

  /** A request to the management API of a pod, from within its network. */
  async management(pod: string, login: string, method: string, path: string, body?: unknown): Promise<Answer> {
    const [answer] = await this.managementAll(pod, login, [{ method, path, body }]);
    if (answer === undefined) throw new Error(`${pod} gave no answer to ${method} ${path}`);
    return answer;
  }

  /** Requests to the management API of a pod, one after the other. */
  async managementAll(pod: string, login: string, requests: readonly Asked[]): Promise<readonly Answer[]> {
    const headers = {
      authorization: `Basic ${Buffer.from(login, "utf8").toString("base64")}`,
      "content-type": "application/json",
    };
    const answers = await this.#fetch(
      pod,
      requests.map(({ method, path, body }) => ({
        url: `http://127.0.0.1:15672/api/${path}`,
        init: { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) },
      })),
    );
    return answers.map(({ status, text }) => ({ status, body: text === "" ? null : (JSON.parse(text) as unknown) }));
  }

  /** Publishes that many durable messages to a queue, their numbers as payload; answers how many found it. */
  async publish(pod: string, login: string, vhost: string, queue: string, count: number): Promise<number> {
    const answers = await this.managementAll(
      pod,
      login,
      Array.from({ length: count }, (_, index) => ({
        method: "POST",
        path: `exchanges/${vhost}/amq.default/publish`,
        body: {
          properties: { delivery_mode: 2 },
          routing_key: queue,
          payload: String(index),
          payload_encoding: "string",
        },
      })),
    );
    return answers.filter(({ body }) => (body as { routed?: boolean } | null)?.routed === true).length;
  }

  /** The payloads of a queue's messages, which are put back as they were: what an answer that is lost held is not lost. */
  async look(pod: string, login: string, vhost: string, queue: string): Promise<readonly string[]> {
    const how = { count: 1000, ackmode: "ack_requeue_true", encoding: "auto" };
    const { status, body } = await this.management(pod, login, "POST", `queues/${vhost}/${queue}/get`, how);
    if (status !== 200) throw new Error(`${pod} answers ${status}: ${JSON.stringify(body)}`);
    return (body as { payload: string }[]).map(({ payload }) => payload);
  }

  /** A page, from within a pod's network. */
  async page(pod: string, url: string): Promise<Page> {
    const [answer] = await this.#fetch(pod, [{ url, init: {} }]);
    if (answer === undefined) throw new Error(`${pod} gave no answer from ${url}`);
    return answer;
  }

  /** Requests from within a pod's network, in one program since each start of one costs. */
  async #fetch(pod: string, requests: readonly { url: string; init: object }[]): Promise<Page[]> {
    const source = `const answers = [];
      for (const { url, init } of ${JSON.stringify(requests)}) {
        const answer = await fetch(url, init);
        answers.push({ status: answer.status, text: await answer.text() });
      }
      console.log(JSON.stringify(answers));`;
    const text = await this.beside(pod, process.execPath, "--input-type=module", "-e", source);
    return JSON.parse(text) as Page[];
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

  /** The containers that ended by themselves after a moment, with what their broker said last; empty when none did. */
  async exits(pods: readonly string[], fromSeconds = 0): Promise<readonly string[]> {
    const lines = (await this.events()).filter(
      (line) => / exited /.test(line) && Number.parseFloat(line) > fromSeconds,
    );
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

  /** When something happened last, in seconds since the start. */
  async lastEvent(): Promise<number> {
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
