import {
  ProtocolError,
  readServiceUrl,
  type ServiceUrl,
  type ServiceUrlForm,
  splitServiceUrls,
  unquote,
} from "@leveret/celery-protocol";
import { CommandError, UsageError } from "../terminal/terminal.ts";
import type { QueueDepth } from "./queue-depth.ts";

/** Where RabbitMQ's management API is, and whose queues are asked for. */
export interface Management {
  /** With the path `/api` left out: `http://host:15672`. */
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
 * The management API that a URL names. User, password and vhost are the broker's where the URL has none.
 *
 * @throws UsageError for a string that is no URL of HTTP
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

/** Of several brokers the first: they are one cluster. */
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
 * All queues of the vhost, by name. Numbers are as old as the broker's statistics, some 5 s.
 *
 * @throws CommandError that says what the API answered
 */
export async function listQueues(management: Management): Promise<readonly QueueDepth[]> {
  const { origin, user, password, vhost } = management;
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const url = `${origin}/api/queues/${encodeURIComponent(vhost)}`;
  const response = await reach(url, authorization);
  if (!response.ok)
    throw new CommandError(`${origin} answered ${response.status} for vhost "${vhost}": ${hint(response.status)}`);
  const queues = (await response.json()) as readonly ManagedQueue[];
  return queues.map(depthOf).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function reach(url: string, authorization: string): Promise<Response> {
  try {
    return await fetch(url, { headers: { authorization }, signal: AbortSignal.timeout(patienceMs) });
  } catch (error) {
    throw new CommandError(`The management API does not answer at ${new URL(url).origin}: is its plugin enabled?`, {
      cause: error,
    });
  }
}

const patienceMs = 15_000;

function hint(status: number): string {
  if (status === 401) return "the user or the password is wrong, or the user lacks the tag management";
  return status === 404 ? "there is no such vhost, or it is no management API" : "see the broker's log";
}

/** What the broker has not counted yet it leaves out. */
function depthOf(queue: ManagedQueue): QueueDepth {
  const { name, type = null, messages_ready: ready = 0, messages_unacknowledged: held = 0, consumers = 0 } = queue;
  return { name, ready, unacknowledged: held, consumers, type };
}
