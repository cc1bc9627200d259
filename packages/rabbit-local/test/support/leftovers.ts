import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { connect } from "node:net";
import { dirname } from "node:path";
import type { RabbitServer } from "../../src/index.ts";

/** Where a server would leave something, noted while it runs. */
export interface Traces {
  /** Its folder, which its processes have as HOME. */
  readonly folder: string;
  /** Its AMQP addresses. */
  readonly urls: readonly string[];
}

/** Notes where a running server would leave something. */
export function tracesOf(rabbit: RabbitServer): Traces {
  const [node] = rabbit.nodes;
  return { folder: dirname(dirname(node!.logFile)), urls: rabbit.urls };
}

/** What is left of a server, in words; empty when it is gone without a trace. */
export async function leftovers({ folder, urls }: Traces): Promise<readonly string[]> {
  const processes = (await processesOf(folder)).map((id) => `process ${id}`);
  const served = await Promise.all(urls.map(async (url) => await answers("127.0.0.1", Number(new URL(url).port))));
  const addresses = urls.filter((_, index) => served[index]).map((url) => `address ${url}`);
  return [...processes, ...addresses, ...(existsSync(folder) ? [`folder ${folder}`] : [])];
}

/** The ids of the processes with a folder in their command line or environment; those of other users may not be read. */
export async function processesOf(folder: string): Promise<readonly number[]> {
  return await processesWhere(async (id) => {
    const texts = await Promise.all([procFile(id, "cmdline"), procFile(id, "environ")]);
    return texts.some((text) => text.includes(folder));
  });
}

/** The id of the Erlang machine that a process has started. */
export async function nodeOf(parent: number): Promise<number | undefined> {
  const nodes = await processesWhere(async (id) => {
    const stat = await procFile(id, "stat");
    return new RegExp(`^\\d+ \\(beam\\.smp\\) \\S+ ${parent} `).test(stat);
  });
  return nodes[0];
}

async function processesWhere(matches: (id: number) => Promise<boolean>): Promise<readonly number[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const matched = await Promise.all(ids.map(matches));
  return ids.filter((_, index) => matched[index]);
}

async function procFile(id: number, name: string): Promise<string> {
  return await readFile(`/proc/${id}/${name}`, "utf8").catch(() => "");
}

/** Whether something listens at an address. */
export async function answers(host: string, port: number): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
