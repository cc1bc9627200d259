import { request } from "node:http";
import type { Ended } from "../machine/command.ts";

/** Gives a running cluster a command at its socket; rejects where no cluster listens. */
export function ask(socketPath: string, name: string, words: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method: "POST", path: `/${name}`, agent: false }, (response) => {
      let body = "";
      response.on("data", (text: Buffer) => (body += text.toString()));
      response.on("end", () => resolve(JSON.parse(body) as Ended));
      response.on("error", reject);
    });
    asked.on("error", (error) => reject(new Error(`no cluster listens at ${socketPath}: ${error.message}`)));
    asked.end(JSON.stringify(words));
  });
}
