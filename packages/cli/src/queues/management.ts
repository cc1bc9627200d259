import { ProtocolError } from "@leveret/celery-protocol";
import {
  readServiceUrl,
  type ServiceUrl,
  type ServiceUrlForm,
  splitServiceUrls,
  unquote,
} from "@leveret/celery-protocol/wire";
import { CommandError, UsageError } from "../terminal/terminal.ts";
import type { QueueDepth } from "./queue-depth.ts";

/** Address and login of RabbitMQ's management API, and the vhost. */
export interface Management {
  /** Without the path `/api`: `http://host:15672`. */
  readonly origin: string;
  readonly user: string;
  readonly password: string;
  readonly vhost: string;
}

const form = { noun: "URL", schemes: ["http", "https"], example: "http://user:password@host:15672" };
const brokerForm = {
  noun: "broker URL",
  schemes: ["amqp", "amqps", "pyamqp"],
  example: "amqp://user:password@host:5672/vhost",
};

/**
 * Parses the URL of the management API. Defaults of user, password and vhost are the broker's.
 *
 * @throws UsageError for a string that is not an HTTP URL
 */
export function readManagement(url: string, broker: string | undefined): Management {
  const { scheme, user, password, host, port, path } = read("--management", url, form);
  const name = host.includes(":") ? `[${host}]` : host || "localhost";
  const login = readBroker(broker);
  return {
    origin: `${scheme}://${name}${port === null ? "" : `:${port}`}${path.replace(/\/(api\/?)?$/, "")}`,
    user: user ?? login.user,
    password: user === null ? login.password : (password?.reveal() ?? ""),
    vhost: login.vhost,
  };
}

/** The first of several brokers: they are one cluster. */
function readBroker(broker = "amqp://guest:guest@localhost:5672//"): Omit<Management, "origin"> {
  const [first = ""] = splitServiceUrls(broker);
  const { user, password, path } = read("-b", first, brokerForm);
  return {
    user: user ?? "guest",
    password: password?.reveal() ?? "guest",
    vhost: unquote(path.slice(1)) || "/",
  };
}

function read(option: string, url: string, like: ServiceUrlForm): ServiceUrl {
  try {
    return readServiceUrl(url, like);
  } catch (error) {
    throw error instanceof ProtocolError ? new UsageError(`${option}: ${error.message}`) : error;
  }
}

interface ManagedQueue {
  readonly name: string;
  readonly type?: string;
  readonly messages_ready?: number;
  readonly messages_unacknowledged?: number;
  readonly consumers?: number;
}

/**
 * All queues of the vhost, by name. Numbers are up to 5 s old, as the broker's statistics.
 *
 * @throws CommandError with the answer of the API
 */
export async function listQueues(management: Management): Promise<readonly QueueDepth[]> {
  const { origin, user, password, vhost } = management;
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const url = `${origin}/api/queues/${encodeURIComponent(vhost)}`;
  const response = await reach(url, authorization);
  if (!response.ok)
    throw new CommandError(
      `The management API refused the request: ${origin}, vhost "${vhost}" (${response.status}). ${hint(response.status)}.`,
    );
  const queues = (await response.json()) as readonly ManagedQueue[];
  return queues.map(depthOf).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function reach(url: string, authorization: string): Promise<Response> {
  try {
    return await fetch(url, { headers: { authorization }, signal: AbortSignal.timeout(patienceMs) });
  } catch (error) {
    throw new CommandError(
      `The management API does not answer: ${new URL(url).origin}. Check that its plugin is enabled.`,
      {
        cause: error,
      },
    );
  }
}

const patienceMs = 15_000;

function hint(status: number): string {
  if (status === 401) return "Check user and password, and that the user has the tag management";
  return status === 404 ? "Check the vhost and the URL" : "See the broker's log";
}

/** The broker leaves out numbers that it has not counted yet. */
function depthOf(queue: ManagedQueue): QueueDepth {
  const { name, type = null, messages_ready: ready = 0, messages_unacknowledged: held = 0, consumers = 0 } = queue;
  return { name, ready, unacknowledged: held, consumers, type };
}
