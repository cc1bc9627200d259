// What runbooks ask of kubectl, answered by podlab: kubectl.mjs PODLAB STATE ARGUMENTS...
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const [podlab, state, , namespace, verb, ...rest] = process.argv.slice(2);
const counts = join(state, "replicas");

function ctl(...words) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [podlab, "ctl", state, ...words], {
    encoding: "utf8",
  });
  process.stderr.write(stderr);
  return { status: status ?? 1, stdout };
}

const pods = () =>
  ctl("status")
    .stdout.trim()
    .split("\n")
    .filter((line) => line !== "");

function run() {
  const words = rest.join(" ");
  if (verb === "exec") {
    const { status, stdout } = ctl("exec", rest[0], "--", ...rest.slice(rest.indexOf("--") + 1));
    process.stdout.write(stdout);
    return status;
  }
  if (verb === "get" && words.includes("whenScaled")) return say("Retain");
  if (verb === "get" && words.startsWith("statefulset"))
    return say(existsSync(counts) ? readFileSync(counts, "utf8") : pods().length);
  if (verb === "get" && words.startsWith("pod")) return say("");
  if (verb === "scale") {
    const replicas = words.replace(/.*--replicas=/, "");
    writeFileSync(counts, replicas);
    return ctl("scale", rest[1], replicas).status;
  }
  if (verb === "wait" && rest[0] === "--for=delete") {
    const name = rest[1].replace("pod/", "");
    while (pods().some((line) => line.split("\t")[0] === `${namespace}/${name}`)) spawnSync("sleep", ["0.5"]);
    return 0;
  }
  if (verb === "delete" && rest[0] === "pvc") {
    rmSync(join(state, "pvc", namespace, rest[1]), { recursive: true, force: true });
    return 0;
  }
  if (verb === "apply") return ctl("apply", resolve(rest[1])).status;
  if (verb === "rollout") return ctl("wait", "240").status;
  process.stderr.write(`the lab cannot ${verb} ${words}\n`);
  return 1;
}

function say(text) {
  process.stdout.write(String(text));
  return 0;
}

process.exitCode = run();
