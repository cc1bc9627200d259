// Runs the pods of rendered Kubernetes manifests on this machine: see README.md.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { ask } from "./client/ask.ts";
import { Cluster } from "./cluster/cluster.ts";
import { serveActions, socketOf } from "./cluster/serve.ts";

const usage = `podlab run --state DIR --manifests FILE [--manifests FILE] --image 'NAME=ROOT' [--namespace NS]
           [--dns-cache SECONDS] [--linger SECONDS] [--volumes DIR] [--quiet] [--attached]
podlab ctl DIR status | wait SECONDS | exec POD [-c NAME] -- CMD... | net POD -- CMD... | delete POD | kill POD [NAME]
           | reboot POD SECONDS | scale SET N | replicas SET | apply FILE | events | logs POD [NAME]
           | delete-volume NS CLAIM | down
`;

const options = {
  state: { type: "string" },
  manifests: { type: "string", multiple: true },
  image: { type: "string", multiple: true },
  namespace: { type: "string", default: "default" },
  "dns-cache": { type: "string", default: "0" },
  linger: { type: "string", default: "0" },
  volumes: { type: "string" },
  quiet: { type: "boolean", default: false },
  // Ends when the standard input does: with the program that started it.
  attached: { type: "boolean", default: false },
} as const;

/** Starts this program again in namespaces of its own: what it starts there ends with it. */
function enter(words: readonly string[]): void {
  const { state = "", attached } = parseArgs({ args: [...words], options }).values;
  mkdirSync(state, { recursive: true });
  const namespaces = ["-n", "-m", "-p", "-f", "--kill-child", "--mount-proc"];
  const child = spawn("unshare", [...namespaces, process.execPath, import.meta.filename, "inside", ...words], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  // unshare ignores SIGTERM; its own death ends everything in its namespaces.
  const end = (): void => void child.kill("SIGKILL");
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, end);
  if (attached) process.stdin.on("close", end).resume();
  child.on("exit", (code) => process.exit(code ?? 1));
}

function serve(words: readonly string[]): void {
  const { values } = parseArgs({ args: [...words], options });
  process.on("SIGTERM", () => process.exit(0));
  const cluster = new Cluster({
    state: values.state ?? "",
    manifests: values.manifests ?? [],
    namespace: values.namespace,
    images: (values.image ?? []).map((text) => {
      const at = text.lastIndexOf("=");
      return [text.slice(0, at), text.slice(at + 1)] as const;
    }),
    dnsCacheSeconds: Number(values["dns-cache"]),
    lingerSeconds: Number(values.linger),
    volumes: values.volumes ?? null,
    print: !values.quiet,
  });
  // One pod's trouble must not end the others.
  process.on("uncaughtException", ({ stack, message }) => cluster.events.add("lab error:", stack ?? message));
  serveActions(cluster);
}

async function control([state = "", name = "", ...words]: readonly string[]): Promise<void> {
  const { code, out, errors } = await ask(socketOf(state), name, words);
  process.stdout.write(out);
  process.stderr.write(errors);
  process.exitCode = code;
}

const [mode, ...words] = process.argv.slice(2);
if (mode === "run") enter(words);
else if (mode === "inside") serve(words);
else if (mode === "ctl") await control(words);
else {
  process.stderr.write(usage);
  process.exitCode = 2;
}
