import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/**
 * Reads process groups and containers until its input ends; then ends them and removes the folder. The input ends when
 * the process on the other side closes it or dies, even by SIGKILL.
 */
const SCRIPT = `
trap '' HUP INT TERM PIPE
folder=$1 docker=$2 groups= containers= networks=
while read -r verb value; do
  case $verb in
    group) groups="$groups $value" ;;
    forget) rest=; for g in $groups; do [ "$g" = "$value" ] || rest="$rest $g"; done; groups=$rest ;;
    container) containers="$containers $value" ;;
    network) networks="$networks $value" ;;
  esac
done
for g in $groups; do kill -s KILL -- "-$g"; done
for c in $containers; do "$docker" rm --force --volumes "$c"; done
for n in $networks; do "$docker" network rm "$n"; done
turns=0
for g in $groups; do
  while kill -s 0 -- "-$g" && [ $turns -lt 10 ]; do turns=$((turns + 1)); sleep 0.1; done
done
turns=0
until rm -rf "$folder" && [ ! -e "$folder" ]; do
  turns=$((turns + 1)); [ $turns -lt 50 ] || exit 1; sleep 0.1
done
`;

/** Kinds of guarded resources. */
export type Guarded = "group" | "container" | "network";

/**
 * Ends guarded resources and removes its folder, on request and when this process dies. It is a shell that waits on a
 * pipe, which outlives this process.
 */
export class Watchdog {
  readonly #shell: ChildProcess;
  readonly #ended: Promise<unknown>;
  #finished = false;

  /**
   * @param folder - removed at the end
   * @param docker - the command with which containers are removed
   */
  constructor(folder: string, docker = "docker") {
    this.#shell = spawn("/bin/sh", ["-c", SCRIPT, "watchdog", folder, docker], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
      cwd: "/",
    });
    this.#ended = once(this.#shell, "exit");
    this.#shell.stdin?.on("error", ignoreClosedPipe);
    this.#hold(false);
  }

  /** Whether `finish` was called. */
  get finished(): boolean {
    return this.#finished;
  }

  /** Guards a process group (by the id of its leader), a container or a network (by name). */
  guard(kind: Guarded, name: string | number): void {
    this.#shell.stdin?.write(`${kind} ${name}\n`);
  }

  /** Stops guarding a process group that has ended: its id may be reused. */
  forget(group: number): void {
    this.#shell.stdin?.write(`forget ${group}\n`);
  }

  /** Ends everything guarded, removes the folder and resolves when it is done, within some ten seconds. */
  async finish(): Promise<void> {
    this.#finished = true;
    this.#hold(true);
    this.#shell.stdin?.end();
    await this.#ended;
  }

  /** Makes the watchdog keep this process running, only during `finish`. */
  #hold(held: boolean): void {
    const stdin = this.#shell.stdin as unknown as { ref(): void; unref(): void };
    for (const handle of [this.#shell, stdin]) {
      if (held) handle.ref();
      else handle.unref();
    }
  }
}

function ignoreClosedPipe(): void {
  // The shell has ended, and all guarded resources with it.
}
