// What runbooks ask of kubectl, answered by a lab: kubectl.ts SOCKET -n NAMESPACE VERB ARGUMENTS...
import { resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { ask } from "./ask.ts";
import { parsePods } from "./pod-status.ts";

const [socket = "", , namespace = "", verb = "", ...rest] = process.argv.slice(2);

/** Gives the lab a command and prints what it prints; answers the exit code. */
async function relay(name: string, ...words: readonly string[]): Promise<number> {
  const { code, out, errors } = await ask(socket, name, words);
  process.stdout.write(out);
  process.stderr.write(errors);
  return code;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

async function hasPod(name: string): Promise<boolean> {
  const { out } = await ask(socket, "status", []);
  return parsePods(out).some((pod) => pod.namespace === namespace && pod.name === name);
}

async function main(): Promise<number> {
  const [kind = "", name = ""] = rest;
  const all = rest.join(" ");
  if (verb === "exec") return relay("exec", kind, "--", ...rest.slice(rest.indexOf("--") + 1));
  if (verb === "get" && all.includes("whenScaled")) return print("Retain");
  if (verb === "get" && kind === "statefulset") return relay("replicas", name);
  if (verb === "get" && kind === "pod") return print((await hasPod(name)) ? `pod/${name}` : "");
  if (verb === "scale") return relay("scale", name, all.replace(/.*--replicas=/, ""));
  if (verb === "wait" && kind === "--for=delete") {
    while (await hasPod(name.replace("pod/", ""))) await wait(500);
    return 0;
  }
  if (verb === "delete" && kind === "pvc") return relay("delete-volume", namespace, name);
  if (verb === "apply") return relay("apply", resolve(name));
  if (verb === "rollout") return relay("wait", "240");
  process.stderr.write(`the lab cannot ${verb} ${all}\n`);
  return 1;
}

process.exitCode = await main();
