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

/**
 * The management API that a URL names. User, password and vhost are the broker's where the URL has none.
 *
 * @throws UsageError for what is no URL of HTTP
 */
export function readManagement(url: string, broker: string | undefined): Management {
  const address = URL.canParse(url) ? new URL(url) : null;
  if (address === null || !/^https?:$/.test(address.protocol))
    throw new UsageError("--management must be a URL such as http://localhost:15672");
  const { user, password, vhost } = readBroker(broker);
  const path = address.pathname.replace(/\/(api\/?)?$/, "");
  return {
    origin: address.origin + path,
    user: address.username === "" ? user : decodeURIComponent(address.username),
    password: address.username === "" ? password : decodeURIComponent(address.password),
    vhost,
  };
}

/** Of several brokers the first: they are one cluster. */
function readBroker(broker = "amqp://guest:guest@localhost:5672//"): Omit<Management, "origin"> {
  const [first = ""] = broker.split(";");
  if (!URL.canParse(first)) throw new UsageError("-b must be a URL such as amqp://user:password@host:5672/vhost");
  const { username, password, pathname } = new URL(first);
  const vhost = decodeURIComponent(pathname.slice(1));
  return {
    user: username === "" ? "guest" : decodeURIComponent(username),
    password: username === "" ? "guest" : decodeURIComponent(password),
    vhost: vhost === "" ? "/" : vhost,
  };
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
