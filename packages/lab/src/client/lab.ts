import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Page, PageRequest } from "../cluster/page.ts";
import { socketOf } from "../cluster/serve.ts";
import { ask } from "./ask.ts";
import { parsePods, type PodStatus } from "./pod-status.ts";

/** How to start a lab. */
export interface LabOptions {
  /** For objects that name no namespace. */
  readonly namespace: string;
  /** The manifests, as YAML. */
  readonly yaml: string;
  /** Root folders of images, by the beginning of an image's name. */
  readonly images: Readonly<Record<string, string>>;
  /** How long the cluster's DNS keeps its answers, in seconds. Default 0: none. */
  readonly dnsCacheSeconds?: number;
  /** How long a pod that has ended is still listed with its address, in seconds. Default 0. */
  readonly lingerSeconds?: number;
  /** A folder for claimed volumes, which outlives this lab. Default: they end with it. */
  readonly volumes?: string;
}

/** How a script ended, and what it printed. */
export interface ScriptEnding {
  readonly code: number;
  readonly text: string;
}

const program = join(import.meta.dirname, "../main.ts");
const kubectl = join(import.meta.dirname, "kubectl.ts");

/** Pods of rendered manifests, in a process of their own, which ends them with itself. Needs root on Linux. */
export class Lab {
  readonly #state: string;
  readonly #process: ChildProcess;

  /** Starts the pods. */
  constructor({ namespace, yaml, images, dnsCacheSeconds = 0, lingerSeconds = 0, volumes }: LabOptions) {
    this.#state = mkdtempSync(join(tmpdir(), "lab-"));
    const manifests = join(this.#state, "manifests.yaml");
    writeFileSync(manifests, yaml);
    const words = [
      "run",
      "--quiet",
      "--attached",
      "--state",
      this.#state,
      "--manifests",
      manifests,
      "--namespace",
      namespace,
    ];
    words.push("--dns-cache", String(dnsCacheSeconds), "--linger", String(lingerSeconds));
    words.push(...(volumes === undefined ? [] : ["--volumes", volumes]));
    for (const [name, folder] of Object.entries(images)) words.push("--image", `${name}=${folder}`);
    const errors = openSync(join(this.#state, "errors"), "w");
    this.#process = spawn(process.execPath, [program, ...words], { stdio: ["pipe", "ignore", errors] });
  }

  /** Resolves when its pods are created and it takes commands. */
  async up(): Promise<void> {
    for (const deadline = Date.now() + 60_000; !existsSync(socketOf(this.#state)); await wait(100)) {
      if (this.#process.exitCode === null && Date.now() < deadline) continue;
      this.#process.kill();
      throw new Error(`the lab did not come up: ${readFileSync(join(this.#state, "errors"), "utf8")}`);
    }
  }

  /** Gives the lab a command, and answers what it printed; rejects where it fails. */
  async #ask(name: string, ...words: readonly string[]): Promise<string> {
    const { code, out, errors } = await ask(socketOf(this.#state), name, words);
    if (code !== 0) throw new Error(`${[name, ...words].join(" ").slice(0, 200)} ended with ${code}: ${errors}${out}`);
    return out;
  }

  /** Waits until every pod is ready and of the newest manifests. */
  async ready(seconds: number): Promise<void> {
    await this.#ask("wait", String(seconds));
  }

  /** Runs a command within a pod, and answers what it printed. */
  exec(pod: string, ...command: readonly string[]): Promise<string> {
    return this.#ask("exec", pod, "--", ...command);
  }

  /** Runs a program of this machine in a pod's network, and answers what it printed. */
  beside(pod: string, ...command: readonly string[]): Promise<string> {
    return this.#ask("net", pod, "--", ...command);
  }

  /**
   * Runs a shell script in a folder with these files and a `kubectl` that asks this lab. With `killAfter`, a pattern of the
   * shell, the script is killed (SIGKILL) after each command to kubectl that matches, once for each in a folder: run it
   * again with the same `folder` to get to the next.
   */
  script(
    text: string,
    files: Readonly<Record<string, string>> = {},
    { folder = this.scriptFolder(), killAfter = "''" }: { readonly folder?: string; readonly killAfter?: string } = {},
  ): Promise<ScriptEnding> {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const lines = [
      "#!/bin/sh",
      `${process.execPath} ${kubectl} ${socketOf(this.#state)} "$@"; code=$?`,
      `cd ${folder} || exit 9`,
      `case "$*" in ${killAfter})`,
      `  grep -qxF -- "$*" killed 2>/dev/null || { echo "$*" >>killed; kill -9 "$PPID"; } ;;`,
      "esac",
      "exit $code",
    ];
    writeFileSync(join(folder, "kubectl"), `${lines.join("\n")}\n`, { mode: 0o755 });
    const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` };
    return new Promise((resolve) => {
      execFile("sh", ["-c", text], { cwd: folder, env, maxBuffer: 64 * 1024 ** 2 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code ?? 128);
        resolve({ code, text: stdout + stderr });
      });
    });
  }

  /** A new folder for scripts. */
  scriptFolder(): string {
    return mkdtempSync(join(this.#state, "script-"));
  }

  /** Makes requests to a web server of a pod, one after the other. */
  async pages(pod: string, requests: readonly PageRequest[]): Promise<readonly Page[]> {
    return JSON.parse(await this.#ask("pages", pod, JSON.stringify(requests))) as readonly Page[];
  }

  /** Gets a page of a web server of a pod. */
  async page(pod: string, port: number, path: string): Promise<Page> {
    const [page] = await this.pages(pod, [{ port, path }]);
    if (page === undefined) throw new Error(`${pod} gave no answer to ${path}`);
    return page;
  }

  /** Applies changed manifests. */
  async apply(yaml: string): Promise<void> {
    const file = join(this.#state, "changed.yaml");
    writeFileSync(file, yaml);
    await this.#ask("apply", file);
  }

  /** Deletes a pod, which is stopped in good order; its controller makes another. */
  async delete(pod: string): Promise<void> {
    await this.#ask("delete", pod);
  }

  /** Ends all that runs in a pod's container at once, as the kernel does when memory runs out. */
  async kill(pod: string, container = "rabbitmq"): Promise<void> {
    await this.#ask("kill", pod, container);
  }

  /** The power of a pod's node fails and returns after some seconds: a new sandbox and address, the old volumes. */
  async reboot(pod: string, awaySeconds: number): Promise<void> {
    await this.#ask("reboot", pod, String(awaySeconds));
  }

  /** Changes how many pods a StatefulSet or Deployment has. */
  async scale(set: string, replicas: number): Promise<void> {
    await this.#ask("scale", set, String(replicas));
  }

  /** The pods, as they are now. */
  async pods(): Promise<readonly PodStatus[]> {
    return parsePods(await this.#ask("status"));
  }

  /** The log of a pod's container, its first by default. */
  logs(pod: string, container?: string): Promise<string> {
    return this.#ask("logs", pod, ...(container === undefined ? [] : [container]));
  }

  /** What happened since the start: `SECONDS WORDS`. */
  async events(): Promise<readonly string[]> {
    return (await this.#ask("events")).trim().split("\n");
  }

  /** Ends every process and removes the state. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    await this.#ask("down");
    await ended;
    rmSync(this.#state, { recursive: true, force: true });
  }
}
