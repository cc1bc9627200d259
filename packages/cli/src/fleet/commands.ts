import type { RateLimit } from "@leveret/celery-amqp";
import type { Control, ControlOptions, RemoteRevokeOptions } from "@leveret/celery-amqp";
import { InvalidArgumentError } from "commander";
import { table } from "../reading/values.ts";
import { UsageError } from "../terminal/terminal.ts";
import type { Answers, FleetCommand } from "./inspections.ts";

/** The options of a command. */
export interface CommandOptions extends ControlOptions, Pick<RemoteRevokeOptions, "terminate" | "signal"> {}

type Run = (control: Control, args: readonly string[], options: CommandOptions) => Promise<Answers>;

/** Commands by Celery's names, their arguments in Celery's order. Source: celery/worker/control.py `control_command`. */
export const commands: Readonly<Record<string, FleetCommand<Control>>> = {
  add_consumer: command("consume a queue", "<queue> [exchange] [exchange-type] [routing-key]", addConsumer),
  broadcast: command("send a custom command; its arguments are a JSON object", "<command> [arguments]", broadcast),
  cancel_consumer: command("stop consuming a queue", "<queue>", (control, [queue = ""], options) =>
    control.cancelConsumer(queue, shared(options)),
  ),
  disable_events: command("stop sending task events", "", (control, _, options) =>
    control.disableEvents(shared(options)),
  ),
  enable_events: command("send task events", "", (control, _, options) => control.enableEvents(shared(options))),
  heartbeat: command("send a heartbeat now", "", (control, _, options) => control.heartbeat(shared(options))),
  pool_grow: command("add slots", "[n]", (control, [n = "1"], options) =>
    control.poolGrow(whole(n, "n"), shared(options)),
  ),
  pool_shrink: command("remove slots", "[n]", (control, [n = "1"], options) =>
    control.poolShrink(whole(n, "n"), shared(options)),
  ),
  rate_limit: command(
    "limit the rate of a task, per second, minute or hour",
    "<task> <rate>",
    (control, [task = "", rate = ""], options) =>
      control.rateLimit(task, rate === "0" ? 0 : (rate as RateLimit), shared(options)),
  ),
  revoke: command("revoke tasks; with --terminate also end running ones", "<id…>", (control, ids, options) =>
    control.revoke(ids, options),
  ),
  revoke_by_stamped_headers: command("revoke tasks by their stamps", "<name=value…>", (control, pairs, options) =>
    control.revokeByStampedHeaders(stamps(pairs), options),
  ),
  shutdown: command("stop workers with a warm shutdown; without replies", "", async (control, _, options) => {
    const { timeout: __, ...target } = shared(options);
    await control.shutdown(target);
    return {};
  }),
  terminate: command("end running tasks by a signal", "<signal> <id…>", (control, [signal = "", ...ids], options) =>
    control.terminate(ids, { ...shared(options), signal }),
  ),
  time_limit: command("set the time limits of a task, in seconds", "<task> <soft> [hard]", timeLimit),
};

/** Whether workers reply to the command. */
export function isAnswered(name: string): boolean {
  return name !== "shutdown";
}

function command(description: string, usage: string, run: Run): FleetCommand<Control> {
  return { description, usage, run };
}

function addConsumer(control: Control, args: readonly string[], options: CommandOptions): Promise<Answers> {
  const [queue = "", exchange, exchangeType, routingKey] = args;
  return control.addConsumer(queue, {
    ...shared(options),
    ...(exchange !== undefined && { exchange }),
    ...(exchangeType !== undefined && { exchangeType }),
    ...(routingKey !== undefined && { routingKey }),
  });
}

async function broadcast(
  control: Control,
  [name = "", json = "{}"]: readonly string[],
  options: CommandOptions,
): Promise<Answers> {
  return control.broadcast(name, readKeywords(json), shared(options));
}

function timeLimit(
  control: Control,
  [task = "", soft = "", hard]: readonly string[],
  options: CommandOptions,
): Promise<Answers> {
  const limits = { soft: seconds(soft, "soft"), ...(hard !== undefined && { hard: seconds(hard, "hard") }) };
  return control.timeLimit(task, limits, shared(options));
}

/** Only revokes have options for ending tasks. */
function shared(options: CommandOptions): ControlOptions {
  const { terminate: _, signal: __, ...others } = options;
  return others;
}

function stamps(pairs: readonly string[]): Readonly<Record<string, string[]>> {
  const headers: Record<string, string[]> = {};
  for (const pair of pairs) {
    const [name = "", ...rest] = pair.split("=");
    if (name === "" || rest.length === 0) throw new UsageError(`"${pair}" is not a stamp. Write name=value.`);
    (headers[name] ??= []).push(rest.join("="));
  }
  return headers;
}

function whole(text: string, argument: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new UsageError(`${argument} is not an integer: "${text}".`);
}

function seconds(text: string, argument: string): number {
  const value = Number(text);
  if (text !== "" && Number.isFinite(value) && value >= 0) return value;
  throw new UsageError(`${argument} is not a number of seconds: "${text}".`);
}

function readKeywords(text: string): Readonly<Record<string, unknown>> {
  try {
    return table(text);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new UsageError(`the arguments of the command: ${error.message}`);
  }
}
