import { type Client, createClient, type ControlOptions, type Duration } from "@leveret/celery-amqp";
import type { Command } from "commander";
import { isRefusal, nodesOnline, showAnswers } from "../fleet/answers.ts";
import { commands, isAnswered } from "../fleet/commands.ts";
import { type Answers, type FleetCommand, inspections } from "../fleet/inspections.ts";
import type { CommonOptions } from "../reading/broker.ts";
import { duration } from "../reading/numbers.ts";
import { names } from "../reading/words.ts";
import { exitCodes, type Terminal, UsageError } from "../terminal/terminal.ts";
import { toJson } from "../terminal/to-json.ts";
import type { Describe } from "./describe.ts";

interface FleetFlags extends CommonOptions {
  readonly destination?: readonly string[];
  readonly timeout?: Duration;
  readonly terminate?: boolean;
  readonly signal?: string;
}

/** `leveret status`: lists the online workers. */
export const describeStatus: Describe = (program, { terminal, done }) => {
  withTarget(program.command("status"))
    .description("list the online workers")
    .action(async (_: unknown, command: Command) => {
      const flags = command.optsWithGlobals<FleetFlags>();
      const answers = await withClient(flags, (client) => client.inspect.ping(target(flags)));
      done(report(answers, flags, terminal));
    });
};

/** `leveret inspect`: inspects workers. */
export const describeInspect: Describe = (program, { terminal, done }) => {
  withTarget(program.command("inspect"))
    .description("inspect workers")
    .argument("<question>", Object.keys(inspections).join(", "))
    .argument("[arguments...]", "arguments of the inspection")
    .addHelpText("after", listOf("Questions", inspections))
    .action(async (question: string, args: string[], _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<FleetFlags>();
      const inspection = find(inspections, question, args, "inspect");
      const answers = await withClient(flags, (client) => inspection.run(client.inspect, args, target(flags)));
      done(report(answers, flags, terminal));
    });
};

/** `leveret control`: sends commands to workers. */
export const describeControl: Describe = (program, { terminal, done }) => {
  withTarget(program.command("control"))
    .description("send a command to workers")
    .argument("<command>", Object.keys(commands).join(", "))
    .argument("[arguments...]", "arguments of the command")
    .option("--terminate", "with revoke: also end running tasks")
    .option("--signal <signal>", "with revoke: the signal by which Python workers end them (default: SIGTERM)")
    .addHelpText("after", listOf("Commands", commands))
    .action(async (name: string, args: string[], _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<FleetFlags>();
      const told = find(commands, name, args, "control");
      const { terminate, signal } = flags;
      const isRevoke = name.startsWith("revoke");
      if (!isRevoke && (terminate !== undefined || signal !== undefined))
        throw new UsageError("--terminate and --signal are options of revoke. Leave them out.");
      const options = {
        ...target(flags),
        ...(terminate !== undefined && { terminate }),
        ...(signal !== undefined && { signal }),
      };
      const answers = await withClient(flags, (client) => told.run(client.control, args, options));
      if (isAnswered(name)) return done(report(answers, flags, terminal));
      terminal.err("Sent; workers do not reply to this command.");
    });
};

function withTarget(command: Command): Command {
  return command
    .option("-d, --destination <nodes>", "only these nodes, separated by commas", names)
    .option("-t, --timeout <seconds>", "how long to wait for replies (default: 1)", duration);
}

function target({ destination, timeout }: FleetFlags): ControlOptions {
  return { ...(destination !== undefined && { destination }), ...(timeout !== undefined && { timeout }) };
}

async function withClient(flags: FleetFlags, work: (client: Client) => Promise<Answers>): Promise<Answers> {
  const client = createClient({ broker: flags.broker, name: "leveret command", results: false });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

function find<Of>(
  all: Readonly<Record<string, FleetCommand<Of>>>,
  name: string,
  args: readonly string[],
  verb: string,
): FleetCommand<Of> {
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  if (found === undefined)
    throw new UsageError(`There is no ${verb} command "${name}". Use ${Object.keys(all).join(", ")}.`);
  const words = found.usage === "" ? [] : found.usage.split(" ");
  const least = words.filter((word) => word.startsWith("<")).length;
  const most = words.some((word) => word.includes("…")) ? Infinity : words.length;
  if (args.length >= least && args.length <= most) return found;
  throw new UsageError(
    `The arguments of ${verb} ${name} are wrong. Give ${found.usage === "" ? "none" : found.usage}.`,
  );
}

function listOf<Of>(title: string, all: Readonly<Record<string, FleetCommand<Of>>>): string {
  const lines = Object.entries(all).map(
    ([name, { usage, description }]) => `  ${`${name} ${usage}`.trim().padEnd(42)} ${description}`,
  );
  return `\n${title}:\n${lines.join("\n")}`;
}

function report(answers: Answers, { json }: FleetFlags, terminal: Terminal): number {
  const count = Object.keys(answers).length;
  if (json === true) terminal.out(`${toJson(answers)}\n`);
  else if (count > 0) terminal.out(`${showAnswers(answers, terminal)}\n${nodesOnline(count)}\n`);
  if (count === 0) {
    terminal.err("error: no worker replied in time. Check that workers run, or raise --timeout.");
    return exitCodes.noReply;
  }
  return Object.values(answers).some(isRefusal) ? exitCodes.failed : exitCodes.well;
}
