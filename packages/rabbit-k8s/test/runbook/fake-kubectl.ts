import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A cluster as a runbook sees it by `kubectl`: what is there now, in files that its commands change. */
const program = `#!/bin/sh
cd "$FAKE" || exit 9
n=$(($(cat calls) + 1)); echo "$n" >calls
[ "$n" != "\${KILL_AT:-0}" ] || { kill -9 "$PPID"; exit 1; }
echo "$*" >>log
. ./answers
ordinal() { echo "$1" | sed 's/.*-//'; }
case "$*" in
  *"get statefulset"*whenScaled*) echo Retain ;;
  *"get statefulset"*replicas*) cat replicas ;;
  *"get statefulset"*"-o yaml"*) echo "kind: StatefulSet" ;;
  *"get statefulset"*"-o name"*) [ -e gone ] || echo statefulset.apps/rabbitmq ;;
  *" create -f "*) rm gone ;;
  *"get storageclass"*) echo true ;;
  *"get pvc"*capacity*) cat capacity; [ ! -e grown ] || mv grown capacity ;;
  *"scale statefulset"*) echo "$*" | sed 's/.*--replicas=//' >replicas ;;
  *"rabbitmqctl version"*) cat "version-$(ordinal "$4")" ;;
  *" apply -f "*) for file in version-*; do echo "$*" | sed 's/.*-\\([0-9.]*\\)\\.yaml/\\1/' >"$file"; done ;;
  *cluster_status*) echo '{"disk_nodes":['; for node in members/*; do echo "\\"\${node#members/}\\","; done; echo ']}' ;;
  *forget_cluster_node*) node=$(echo "$*" | sed 's/.* //'); rm "members/$node" 2>/dev/null || exit 69 ;;
  *"delete pvc"*)
    claim=$(echo "$*" | sed 's/.*delete pvc \\([^ ]*\\).*/\\1/')
    [ -z "$(ls members | grep -- "-$(ordinal "$claim")[.]")" ] || echo "$claim of a member" >>crimes
    rm -f "pvcs/$claim" ;;
  *" eval "*) echo ok ;;
  *list_feature_flags*) cat flags ;;
  *export_definitions*) echo '{"policies":[]}' ;;
esac
`;

/** The end of a script's run. */
export interface Ending {
  readonly code: number | null;
  readonly errors: string;
}

/** A folder with a `kubectl` that pretends to be a cluster. */
export class FakeCluster {
  readonly folder: string = mkdtempSync(join(tmpdir(), "rabbit-k8s-kubectl-"));

  constructor(nodes: number, version: string, flags: readonly string[] = []) {
    for (const name of ["members", "pvcs"]) mkdirSync(this.#file(name));
    const ordinals = Array.from({ length: nodes }, (_, index) => index);
    for (const ordinal of ordinals) {
      this.write(`members/rabbit@rabbitmq-${ordinal}.rabbitmq-headless.shop.svc.cluster.local`, "");
      this.write(`pvcs/data-rabbitmq-${ordinal}`, "");
      this.write(`version-${ordinal}`, version);
    }
    for (const [name, text] of Object.entries({
      calls: "0",
      log: "",
      crimes: "",
      answers: "",
      replicas: `${nodes}`,
      capacity: "40Gi",
    }))
      this.write(name, text);
    this.write("flags", flags.map((flag) => `${flag}\tenabled\n`).join(""));
    this.write("kubectl", program);
    chmodSync(this.#file("kubectl"), 0o755);
  }

  #file(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.#file(name), text);
  }

  read(name: string): string {
    return readFileSync(this.#file(name), "utf8").trim();
  }

  list(name: string): readonly string[] {
    return readdirSync(this.#file(name)).toSorted();
  }

  /** Lets commands that match a pattern of the shell answer and end otherwise. */
  answer(pattern: string, output: string, code = 0): void {
    this.write(
      "answers",
      `${this.read("answers")}\ncase "$*" in ${pattern}) printf '%s\\n' '${output}'; exit ${code} ;; esac\n`,
    );
  }

  /** Runs a script; `killAt` is the number of the call of kubectl, over all runs, at which the shell is killed. */
  run(script: string, killAt = 0): Ending {
    const { status, stderr } = spawnSync("sh", ["-c", script], {
      cwd: this.folder,
      encoding: "utf8",
      env: { PATH: `${this.folder}:/usr/bin:/bin`, FAKE: this.folder, KILL_AT: String(killAt) },
    });
    return { code: status, errors: stderr };
  }

  get calls(): number {
    return Number(this.read("calls"));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
