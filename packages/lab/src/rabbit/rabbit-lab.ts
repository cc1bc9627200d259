import type { Page } from "../cluster/page.ts";
import { Lab, type LabOptions } from "../client/lab.ts";
import { imageOf, labVersions } from "./version.ts";

/** A request to the management API. */
export interface ManagementRequest {
  readonly method: string;
  /** Behind `/api/`. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** An answer of the management API. */
export interface ManagementAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** A lab whose pods run RabbitMQ. */
export class RabbitLab extends Lab {
  /** Starts the pods of manifests. `images` are folders by the beginning of an image's name, beside RabbitMQ's own. */
  static async start(
    namespace: string,
    yaml: string,
    { images = {}, ...more }: Partial<LabOptions> = {},
  ): Promise<RabbitLab> {
    const brokers = Object.fromEntries(labVersions.map((version) => [`rabbitmq:${version}`, imageOf(version)]));
    const lab = new RabbitLab({ ...more, namespace, yaml, images: { ...brokers, ...images } });
    await lab.up();
    return lab;
  }

  /** A request to the management API of a pod. */
  async management(
    pod: string,
    login: string,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<ManagementAnswer> {
    const [answer] = await this.managementAll(pod, login, [{ method, path, body }]);
    if (answer === undefined) throw new Error(`${pod} gave no answer to ${method} ${path}`);
    return answer;
  }

  /** Requests to the management API of a pod, one after the other. */
  async managementAll(
    pod: string,
    login: string,
    requests: readonly ManagementRequest[],
  ): Promise<readonly ManagementAnswer[]> {
    const headers = {
      authorization: `Basic ${Buffer.from(login, "utf8").toString("base64")}`,
      "content-type": "application/json",
    };
    const pages = await this.pages(
      pod,
      requests.map(({ method, path, body }) => {
        const text = body === undefined ? "" : JSON.stringify(body);
        return { port: 15672, method, path: `/api/${path}`, headers, body: text };
      }),
    );
    return pages.map(({ status, text }: Page) => ({
      status,
      body: text === "" ? null : (JSON.parse(text) as unknown),
    }));
  }

  /** Publishes that many durable messages to a queue, their numbers as payload; answers how many were routed. */
  async publish(pod: string, login: string, vhost: string, queue: string, count: number): Promise<number> {
    const messages = Array.from({ length: count }, (_, index) => ({
      method: "POST",
      path: `exchanges/${vhost}/amq.default/publish`,
      body: {
        properties: { delivery_mode: 2 },
        routing_key: queue,
        payload: String(index),
        payload_encoding: "string",
      },
    }));
    const answers = await this.managementAll(pod, login, messages);
    return answers.filter(({ body }) => (body as { routed?: boolean } | null)?.routed === true).length;
  }

  /** The payloads of a queue's messages, which are requeued: an answer that does not arrive loses none. */
  async look(pod: string, login: string, vhost: string, queue: string): Promise<readonly string[]> {
    const how = { count: 1000, ackmode: "ack_requeue_true", encoding: "auto" };
    const { status, body } = await this.management(pod, login, "POST", `queues/${vhost}/${queue}/get`, how);
    if (status !== 200) throw new Error(`${pod} answers ${status}: ${JSON.stringify(body)}`);
    return (body as { payload: string }[]).map(({ payload }) => payload);
  }

  /** The most pods that were not ready at once, from a moment on. */
  async mostDown(pods: number, fromSeconds: number): Promise<number> {
    const ready = new Set<string>();
    let most = 0;
    for (const line of await this.events()) {
      const [, seconds, pod = "", what] = /^\s*([\d.]+) (\S+) (is Ready|is not Ready|deleting)$/.exec(line) ?? [];
      if (what === undefined) continue;
      if (what === "is Ready") ready.add(pod);
      else ready.delete(pod);
      if (Number(seconds) > fromSeconds) most = Math.max(most, pods - ready.size);
    }
    return most;
  }

  /** The containers that ended by themselves from a moment on, with the last errors of their logs; empty when none did. */
  async exits(pods: readonly string[], fromSeconds = 0): Promise<readonly string[]> {
    const lines = (await this.events()).filter(
      (line) => / exited /.test(line) && Number.parseFloat(line) > fromSeconds,
    );
    if (lines.length === 0) return [];
    const logs = await Promise.all(pods.map((pod) => this.logs(pod)));
    const errors = logs.flatMap((log) =>
      log
        .split("\n")
        .filter((line) => /error|FAILED|timeout/i.test(line))
        .slice(-60),
    );
    return [...lines, ...errors];
  }

  /** When something happened last, in seconds since the start. */
  async lastEvent(): Promise<number> {
    return Number((await this.events()).at(-1)?.trim().split(" ")[0]);
  }
}
