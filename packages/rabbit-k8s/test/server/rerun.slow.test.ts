import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ModernProps } from "../../src/cluster/props.ts";
import { resolveCluster } from "../../src/cluster/resolve.ts";
import { seedFiles } from "../../src/seed/files.ts";
import { resolveSeed } from "../../src/seed/resolve.ts";
import { definitionSecrets } from "../../src/server/definitions.ts";
import { configFiles } from "../../src/server/files.ts";
import { paths } from "../../src/cluster/paths.ts";
import { everything } from "../samples.ts";

const isRoot = process.getuid?.() === 0;
/** Permission bits bind all users but root, so root runs the scripts as two others of one group. */
const [first, second] = [61_111, 61_112];
const group = isRoot ? 61_110 : (process.getgid?.() ?? 0);

const folder = mkdtempSync(join(tmpdir(), "rabbit-k8s-rerun-"));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a pod gives to its init container. */
interface Pod {
  readonly script: string;
  /** Folders that only the container writes to; they outlive it as an emptyDir or a volume does. */
  readonly writable: readonly string[];
  /** Files of ConfigMaps and Secrets, by path. */
  readonly files: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

function modern(props: Partial<ModernProps>, secret: string): Pod {
  const { cluster } = resolveCluster({ namespace: "messaging", version: "4.3.6", ...props });
  const files = configFiles(cluster);
  const secrets = [cluster.erlangCookie, ...definitionSecrets(cluster)];
  return {
    script: files["setup.sh"] ?? "",
    writable: [paths.etc, paths.home, paths.data],
    files: {
      ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`${paths.config}/${name}`, text])),
      ...Object.fromEntries(secrets.map(({ name, key }) => [`${paths.secrets}/${name}/${key}`, secret])),
    },
    env: { RABBITMQ_NODENAME: "rabbit@rabbitmq-0.rabbitmq-headless.messaging.svc.cluster.local" },
  };
}

function seed(secret: string): Pod {
  const files = seedFiles(resolveSeed({ preset: "seed" }));
  return {
    script: files["init-config.sh"] ?? "",
    writable: ["/etc/rabbitmq", "/var/lib/rabbitmq"],
    files: Object.fromEntries(Object.entries(files).map(([name, text]) => [`/tmp/config/${name}`, text])),
    env: { RABBITMQ_ERLANG_COOKIE: secret, RABBITMQ_ADMIN_PASSWORD: secret },
  };
}

const pods: Readonly<Record<string, (secret: string) => Pod>> = {
  "the original document's cluster": seed,
  "a cluster without options": (secret) => modern({}, secret),
  "a cluster on 3.10": (secret) => modern({ version: "3.10.8" }, secret),
  "encrypted links between nodes": (secret) => modern({ tls: { secretName: "tls", interNode: true } }, secret),
  "an advanced.config": (secret) => modern({ advancedConfig: "[{rabbit, []}]." }, secret),
  "every option on 4.0": (secret) => modern(everything("4.0.5"), secret),
  "every option on 4.3": (secret) => modern(everything("4.3.6"), secret),
};

/** A machine's folders of one pod. */
class Sandbox {
  readonly #root = mkdtempSync(join(folder, "pod-"));

  constructor({ writable }: Pod) {
    chmodSync(this.#root, 0o755);
    for (const path of writable) {
      mkdirSync(join(this.#root, path), { recursive: true });
      if (isRoot) chownSync(join(this.#root, path), 0, group);
      // As a kubelet makes an emptyDir for an fsGroup.
      chmodSync(join(this.#root, path), 0o2777);
    }
  }

  #within(text: string): string {
    return text.replaceAll(/\/(?:tmp\/config|(?:etc|run|var\/lib)\/rabbitmq)/g, `${this.#root}$&`);
  }

  /** Mounts ConfigMaps and Secrets anew, read-only, as each start of a pod does, and runs the script. */
  run({ files, env }: Pod, script: string, user = first): { readonly code: number | null; readonly errors: string } {
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.#root, path);
      mkdirSync(dirname(file), { recursive: true });
      rmSync(file, { force: true });
      writeFileSync(file, text);
      chmodSync(file, 0o444);
    }
    const identity = ["--reuid", String(user), "--regid", String(group), "--clear-groups", "--"];
    const words = ["/bin/sh", "-c", this.#within(script)];
    const [program = "", ...rest] = isRoot ? ["setpriv", ...identity, ...words] : words;
    const { status, stderr } = spawnSync(program, rest, {
      encoding: "utf8",
      env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", ...env },
    });
    return { code: status, errors: stderr };
  }

  /** Leaves a file, and one of a copy that was cut short, as an earlier run of the same user would. */
  leave(path: string, text: string): void {
    for (const name of [path, `${path}.part`]) {
      const file = join(this.#root, name);
      writeFileSync(file, text);
      chmodSync(file, 0o400);
      if (isRoot) chownSync(file, first, group);
    }
  }

  /** Every file that the script wrote, by path, with its permissions. */
  written({ writable }: Pod): Readonly<Record<string, string>> {
    const found = writable.flatMap((path) =>
      readdirSync(join(this.#root, path), { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => {
          const file = join(this.#root, path, name);
          return [`${path}/${name}`, `${(statSync(file).mode & 0o777).toString(8)} ${readFileSync(file, "utf8")}`];
        }),
    );
    return Object.fromEntries(found) as Readonly<Record<string, string>>;
  }
}

/** What a run that nothing disturbs leaves. */
function expected(pod: Pod): Readonly<Record<string, string>> {
  const sandbox = new Sandbox(pod);
  expect(sandbox.run(pod, pod.script)).toEqual({ code: 0, errors: "" });
  const files = sandbox.written(pod);
  expect(Object.keys(files).length).toBeGreaterThan(3);
  return files;
}

describe.each(Object.entries(pods))("the init container of %s", (_, podOf) => {
  const pod = podOf("first");

  it("runs again over its own files, with the newest content of its ConfigMap and Secrets", () => {
    const sandbox = new Sandbox(pod);
    const fresh = podOf('se"cond');
    for (const each of [pod, pod, fresh]) expect(sandbox.run(each, each.script)).toEqual({ code: 0, errors: "" });
    expect(sandbox.written(fresh)).toEqual(expected(fresh));
  });

  it("runs to its end after it was killed at any line", { timeout: 60_000 }, () => {
    const wanted = expected(pod);
    const lines = pod.script.split("\n");
    const sandbox = new Sandbox(pod);
    for (const index of lines.keys()) {
      const before = lines.slice(0, index);
      // Within quotes, or behind a line that goes on, there is no place for a command.
      if (before.join("\n").split("'").length % 2 === 0 || before.at(-1)?.endsWith("\\") === true) continue;
      const { code, errors } = sandbox.run(pod, [...before, "kill -9 $$", ...lines.slice(index)].join("\n"));
      // Within the block that complains of an empty Secret nothing is killed, and the script runs to its end.
      expect({ code: code ?? 0, errors }).toEqual({ code: 0, errors: "" });
    }
    expect(sandbox.run(pod, pod.script)).toEqual({ code: 0, errors: "" });
    expect(sandbox.written(pod)).toEqual(wanted);
  });

  it("runs over what a kill within a copy left: half a file, read-only", () => {
    const wanted = expected(pod);
    const sandbox = new Sandbox(pod);
    for (const path of Object.keys(wanted)) sandbox.leave(path, "half");
    expect(sandbox.run(pod, pod.script)).toEqual({ code: 0, errors: "" });
    expect(sandbox.written(pod)).toEqual(wanted);
  });

  it.runIf(isRoot)("runs over the files of another user of the volume's group", () => {
    const sandbox = new Sandbox(pod);
    for (const user of [first, second, first])
      expect(sandbox.run(pod, pod.script, user)).toEqual({ code: 0, errors: "" });
    expect(sandbox.written(pod)).toEqual(expected(pod));
  });
});
