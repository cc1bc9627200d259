import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { runNow } from "./command.ts";

/** The address of the node, of its DNS and of its API server. */
export const gateway = "192.0.2.1";

/** The process that keeps a pod's network and host name, and its address. */
export interface Sandbox {
  readonly ip: string;
  readonly pid: number;
  /** Ends it. Containers in its network live on until they are killed, without a network. */
  remove(): void;
}

/** A bridge that connects sandboxes. It lives in this process's network namespace and ends with it. */
export class Network {
  #next = 10;
  readonly #taken = new Set<number>();

  constructor() {
    runNow("ip", "link", "set", "lo", "up");
    // With an address of its own: by default a bridge takes one of its ports, and another when that goes, and pods lose it.
    runNow("ip", "link", "add", "br0", "address", "02:00:00:00:00:01", "type", "bridge");
    runNow("ip", "addr", "add", `${gateway}/24`, "dev", "br0");
    runNow("ip", "link", "set", "br0", "up");
  }

  /** Makes a network namespace with an address that no other has had for as long as there are others. */
  async sandbox(hostname: string): Promise<Sandbox> {
    const last = this.#take();
    const ip = `192.0.2.${last}`;
    const script = 'hostname "$1"; ip link set lo up; echo up; exec sleep infinity';
    const child: ChildProcess = spawn("unshare", ["-n", "-u", "sh", "-c", script, "pause", hostname], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const ended = once(child, "exit").then(() => Promise.reject(new Error(`the sandbox of ${hostname} ended`)));
    ended.catch(() => undefined);
    if (child.stdout !== null) await Promise.race([once(child.stdout, "data"), ended]);
    const { pid = 0 } = child;
    const link = `ve${last}`;
    const inside = ["-t", String(pid), "-n", "ip"];
    runNow("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", String(pid));
    runNow("ip", "link", "set", link, "master", "br0", "up");
    runNow("nsenter", ...inside, "addr", "add", `${ip}/24`, "dev", "eth0");
    runNow("nsenter", ...inside, "link", "set", "eth0", "up");
    return {
      ip,
      pid,
      remove: () => {
        child.kill("SIGKILL");
        runNow("sh", "-c", `ip link del ${link} 2>/dev/null || true`);
        this.#taken.delete(last);
      },
    };
  }

  #take(): number {
    while (this.#taken.has(this.#next)) this.#advance();
    const last = this.#next;
    this.#taken.add(last);
    this.#advance();
    return last;
  }

  #advance(): void {
    this.#next = this.#next === 199 ? 10 : this.#next + 1;
  }
}
