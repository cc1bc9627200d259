import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Ended, run } from "../machine/command.ts";
import type { Pod } from "../pod/pod.ts";
import type { Cluster } from "./cluster.ts";
import { getPage, type Page, type PageRequest } from "./page.ts";

/** A command to a running cluster: its words, and how it ended. */
export type Action = (cluster: Cluster, words: readonly string[]) => Ended | Promise<Ended>;

const said = (out: string): Ended => ({ code: 0, out, errors: "" });

/** Namespace and name, address, state, readiness and restarts of a pod. */
function statusLine({ identity, ip, phase, failure, isDeleting, isReady, restarts }: Pod): string {
  const state = failure === null ? (isDeleting ? "Terminating" : phase) : `Error: ${failure}`;
  const path = `${identity.namespace}/${identity.name}`;
  return `${[path, ip ?? "", state, isReady ? "Ready" : "NotReady", restarts].join("\t")}\n`;
}

const statusOf = (cluster: Cluster): string => cluster.pods.map(statusLine).join("");

/** What comes after `--`. */
function commandOf(words: readonly string[]): readonly string[] {
  return words.slice(words.indexOf("--") + 1);
}

/** The value of an option that stands before `--`. */
function optionOf(words: readonly string[], name: string): string | undefined {
  const options = words.slice(0, words.indexOf("--"));
  return options.includes(name) ? options[options.indexOf(name) + 1] : undefined;
}

async function untilSettled(cluster: Cluster, seconds: number): Promise<Ended> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await wait(250))
    if (cluster.isSettled) return said(`ready: ${cluster.wanted} pods\n`);
  return { code: 1, out: "", errors: `not ready after ${seconds} s\n${statusOf(cluster)}` };
}

/** The commands by name. */
export const actions: Readonly<Record<string, Action>> = {
  status: (cluster) => said(statusOf(cluster)),
  wait: (cluster, [seconds]) => untilSettled(cluster, Number(seconds)),
  exec: (cluster, words) => {
    const container = cluster.pod(words[0] ?? "").container(optionOf(words, "-c"));
    return container?.exec(commandOf(words)) ?? { code: 1, out: "", errors: "no such container\n" };
  },
  // A program of this machine in a pod's network, with the cluster's names: clients, load.
  net: (cluster, words) => {
    const pod = cluster.pod(words[0] ?? "");
    if (pod.networkProcess === null) return { code: 1, out: "", errors: "the pod has no network\n" };
    const names = 'mount --bind "$1" /etc/resolv.conf; shift; exec "$@"';
    const inside = ["unshare", "-m", "sh", "-ec", names, "sh", join(pod.folder, "resolv.conf"), ...commandOf(words)];
    return run("nsenter", ["-t", String(pod.networkProcess), "-n", "--", ...inside]);
  },
  // Requests to a pod's web server, one after the other.
  pages: async (cluster, [name = "", requests = "[]"]) => {
    const { ip } = cluster.pod(name);
    if (ip === null) throw new Error(`${name} has no address`);
    const pages: Page[] = [];
    for (const each of JSON.parse(requests) as readonly PageRequest[]) pages.push(await getPage(ip, each));
    return said(JSON.stringify(pages));
  },
  delete: async (cluster, [name = ""]) => {
    await cluster.remove(cluster.pod(name));
    return said("");
  },
  kill: async (cluster, [name = "", container]) => {
    await cluster.pod(name).kill(container);
    return said("");
  },
  reboot: async (cluster, [name = "", seconds]) => {
    await cluster.pod(name).reboot(Number(seconds ?? 0));
    return said("");
  },
  "delete-volume": (cluster, [namespace = "", name = ""]) => {
    cluster.deleteVolume(namespace, name);
    return said("");
  },
  scale: (cluster, [name = "", replicas]) => {
    cluster.scale(name, Number(replicas));
    return said("");
  },
  replicas: (cluster, [name = ""]) => said(String(cluster.replicasOf(name))),
  apply: (cluster, [file = ""]) => {
    cluster.apply(file);
    return said("");
  },
  events: (cluster) => said(cluster.events.text()),
  logs: (cluster, [name = "", container]) => {
    const pod = cluster.pod(name);
    const file = join(pod.folder, `${container ?? pod.identity.spec.containers[0]?.name}.log`);
    return said(existsSync(file) ? readFileSync(file, "utf8") : "");
  },
  down: () => {
    // After the answer.
    setTimeout(() => process.exit(0), 50);
    return said("");
  },
};
