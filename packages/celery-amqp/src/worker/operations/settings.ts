import type { Tree } from "@leveret/celery-protocol";
import type { BrokerFacts } from "../../ports/broker-facts.ts";
import type { ResolvedWorker } from "../options/worker.ts";

/** What the settings are made of. */
export interface SettingsParts {
  readonly options: ResolvedWorker;
  readonly broker: BrokerFacts | null;
  /** Slots as they are now. */
  readonly concurrency: number;
  readonly sendsTaskEvents: boolean;
  /** Of results, events and remote control. */
  readonly defaultSerializer: string;
}

/** How a login is shown. Celery shows the user and masks the password alone. */
const mask = "********";

/**
 * The worker's options by the names of Celery's settings, where there are such. No secret is among them.
 * Source: celery/app/utils.py `Settings.table`.
 *
 * @param withDefaults - also those that are as Celery has them
 */
export function settingsOf(parts: SettingsParts, withDefaults: boolean): Readonly<Record<string, Tree>> {
  const { options, broker, concurrency, sendsTaskEvents } = parts;
  const settings: Readonly<Record<string, Tree>> = {
    broker_url: broker === null ? null : maskedUrl(broker),
    result_backend: backendOf(options),
    leveret_chords: options.chords,
    worker_concurrency: concurrency,
    worker_prefetch_multiplier: 1,
    worker_send_task_events: sendsTaskEvents,
    task_acks_late: true,
    task_queues: [...options.consumed.queues.keys()],
  };
  return withDefaults ? { ...usual(parts), ...settings } : settings;
}

function usual({ options, broker, defaultSerializer }: SettingsParts): Readonly<Record<string, Tree>> {
  const { accept, defaults, defaultQueue } = options;
  return {
    accept_content: [...accept],
    broker_connection_retry: true,
    broker_connection_timeout: broker?.connectTimeout ?? null,
    broker_heartbeat: broker?.heartbeat ?? null,
    control_exchange: "celery",
    control_queue_exclusive: true,
    enable_utc: true,
    event_exchange: "celeryev",
    event_serializer: defaultSerializer,
    result_serializer: defaultSerializer,
    task_acks_on_failure_or_timeout: true,
    task_compression: defaults.compression ?? null,
    task_create_missing_queues: true,
    task_default_queue: defaultQueue,
    task_reject_on_worker_lost: false,
    task_serializer: defaults.serializer,
    timezone: "UTC",
    worker_cancel_long_running_tasks_on_connection_loss: options.cancelOnConnectionLoss,
    worker_enable_remote_control: options.remoteControl !== null,
  };
}

function backendOf({ results }: ResolvedWorker): string | null {
  if (results === false) return null;
  const name = typeof results === "string" ? results : results.name;
  return name === undefined ? "custom" : `${name}://`;
}

function maskedUrl({ hostname, port, virtualHost, ssl }: BrokerFacts): string {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return `${ssl ? "amqps" : "amqp"}://${mask}:${mask}@${host}:${port}/${virtualHost}`;
}
