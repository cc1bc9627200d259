import { request } from "node:http";

/** A request to a web server of a pod. */
export interface PageRequest {
  readonly port: number;
  /** With its leading slash. */
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What a web server answers. */
export interface Page {
  readonly status: number;
  readonly text: string;
}

/** Makes a request by a connection of its own; rejects where there is no answer within a minute. */
export function getPage(host: string, { port, path, method, headers, body }: PageRequest): Promise<Page> {
  return new Promise((resolve, reject) => {
    const options = {
      host,
      port,
      path,
      method: method ?? "GET",
      headers: headers ?? {},
      agent: false,
      timeout: 60_000,
    };
    const asked = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (more: string) => (text += more));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      response.on("error", reject);
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer within a minute")));
    asked.on("error", reject);
    asked.end(body);
  });
}
