import { rmSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import type { Ended } from "../machine/command.ts";
import { actions } from "./actions.ts";
import type { Cluster } from "./cluster.ts";

/** Where a cluster listens for commands. */
export const socketOf = (state: string): string => join(state, "socket");

/** Takes commands at the cluster's socket: the command's name as path, its words as JSON. */
export function serveActions(cluster: Cluster): void {
  const socket = socketOf(cluster.state);
  rmSync(socket, { force: true });
  createServer((request, response) => {
    let body = "";
    request.on("data", (text: Buffer) => (body += text.toString()));
    request.on("end", () => {
      void act(cluster, (request.url ?? "").slice(1), body).then((ended) => response.end(JSON.stringify(ended)));
    });
  }).listen(socket);
}

async function act(cluster: Cluster, name: string, body: string): Promise<Ended> {
  const action = actions[name];
  if (action === undefined) return { code: 2, out: "", errors: `no such command: ${name}\n` };
  try {
    return await action(cluster, JSON.parse(body) as readonly string[]);
  } catch (error) {
    return { code: 1, out: "", errors: `${(error as Error).message}\n` };
  }
}
