import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { RabbitLocalError } from "./errors.ts";
import { describeServer, findServer } from "./find/find.ts";
import { type RabbitOptions, resolveOptions } from "./options.ts";
import { type RabbitServer, startRabbit } from "./server.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

const HELP = `
Prints the address of each node, one a line, and runs until Ctrl-C or SIGTERM; then nothing of it is left.
Exit codes: 0 stopped, 1 no broker was found or it ended unexpectedly, 2 usage error.

Environment:
  RABBIT_LOCAL_SERVER default of --server
  XDG_CACHE_HOME       where a fetched RabbitMQ is kept, in leveret/rabbit-local (default ~/.cache)

Examples:
  $ rabbit-local --port 5672
  $ rabbit-local --plugin rabbitmq_management --conf vm_memory_high_watermark.absolute=200MB
  $ rabbit-local --nodes 3`;

interface Flags {
  readonly nodes: number;
  readonly port?: number;
  readonly plugin?: readonly string[];
  readonly conf?: Readonly<Record<string, string>>;
  readonly server?: string;
}

/**
 * Runs the command line `rabbit-local` and returns its exit code. Addresses go to stdout, everything else to stderr.
 */
export async function runProgram(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    // Commander has printed the error already; `--help` comes here as well.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    if (!(error instanceof RabbitLocalError)) throw error;
    say(error.message);
    return error.code === "option-invalid" ? EXIT_USAGE : EXIT_FAILED;
  }
}

function createProgram(): Command {
  const program = new Command("rabbit-local")
    .description("A real, temporary RabbitMQ for development and tests, without root and without installing.")
    .option("--nodes <count>", "number of nodes of the cluster", parseCount, 1)
    .option("--port <number>", "the AMQP port of the first node (default: any free one)", parsePort)
    .option("--plugin <name>", "a plugin to enable; repeatable", collect)
    .option("--conf <key=value>", "a setting of rabbitmq.conf; repeatable", collectSetting)
    .addOption(serverOption())
    .addHelpText("after", HELP)
    .exitOverride()
    .action(async (_: unknown, command: Command) => await serve(command.opts<Flags>()));
  program
    .command("install")
    .description("find or fetch a RabbitMQ and print it, without starting it")
    .addOption(serverOption())
    .exitOverride()
    .action(async (_: unknown, command: Command) => await install(command.optsWithGlobals<Flags>()));
  return program;
}

function serverOption(): Option {
  return new Option("--server <which>", "auto, docker, packages or the path of a rabbitmq-server");
}

async function install(flags: Flags): Promise<void> {
  const { server } = resolveOptions(toOptions(flags), process.env);
  process.stdout.write(`${describeServer(await findServer(server, say))}\n`);
}

async function serve(flags: Flags): Promise<void> {
  const asked = untilSignal();
  const starting = startRabbit(toOptions(flags));
  const rabbit = await Promise.race([starting, asked]);
  // A signal during the start ends this process, and its nodes with it.
  if (rabbit === undefined) process.exit(0);
  announce(rabbit);
  const ended = Promise.all(rabbit.nodes.map((node) => node.untilDown())).then(() => true);
  const byItself = await Promise.race([ended, asked]);
  await rabbit.stop();
  if (byItself === true) throw new RabbitLocalError("start-failed", "RabbitMQ ended unexpectedly. See its log.");
  say("stopped");
}

function announce(rabbit: RabbitServer): void {
  say(`RabbitMQ ${rabbit.version} is up; Ctrl-C stops it`);
  if (rabbit.managementUrl !== null) say(`management: ${rabbit.managementUrl}`);
  process.stdout.write(rabbit.urls.map((url) => `${url}\n`).join(""));
}

function toOptions({ plugin, ...flags }: Flags): RabbitOptions {
  return { ...flags, ...(plugin === undefined ? {} : { plugins: plugin }), onProgress: say };
}

async function untilSignal(): Promise<undefined> {
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
  });
}

function parseCount(text: string): number {
  if (!/^[1-9]$/.test(text)) throw new InvalidArgumentError("Give an integer from 1 to 9.");
  return Number(text);
}

function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError("Give a port number.");
  return Number(text);
}

function collect(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text];
}

function collectSetting(
  text: string,
  earlier: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Give key=value.");
  return { ...earlier, [text.slice(0, at).trim()]: text.slice(at + 1).trim() };
}

function say(line: string): void {
  process.stderr.write(`rabbit-local: ${line}\n`);
}
