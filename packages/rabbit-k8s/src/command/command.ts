import { Command, CommanderError } from "commander";
import { RefusedPropsError } from "../refusal/refusal.ts";
import { check } from "./check.ts";
import { diff } from "./diff.ts";
import { runbook, type RunbookOptions } from "./runbook.ts";
import { synth } from "./synth.ts";
import { exitCodes, type Terminal, UsageError } from "./terminal.ts";

/** Runs `rabbit-k8s` with its arguments, without the program's own name, and returns the exit code. */
export function runCommand(words: readonly string[], terminal: Terminal): number {
  let code: number = exitCodes.well;
  const program = describe(terminal, (result) => {
    code = result;
  });
  try {
    program.parse([...words], { from: "user" });
    return code;
  } catch (error) {
    return explain(error, terminal);
  }
}

function explain(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.well : exitCodes.usage;
  if (error instanceof RefusedPropsError) {
    terminal.err(error.message);
    return exitCodes.found;
  }
  if (error instanceof UsageError) {
    terminal.err(`error: ${error.message}`);
    return exitCodes.usage;
  }
  throw error;
}

const exitHelp = `
Exit codes: 0 success; 1 findings, refusals or losses; 2 usage error.`;

function describe(terminal: Terminal, done: (code: number) => void): Command {
  const program = new Command("rabbit-k8s")
    .description("RabbitMQ on Kubernetes: render manifests, check existing ones, see what an apply does")
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.out(text), writeErr: (text) => terminal.err(text.trimEnd()) })
    .addHelpText("after", exitHelp);
  describeSynth(program, terminal, done);
  program
    .command("check")
    .description("check existing manifests for faults and risks, by version")
    .argument("<file...>", "all files of the cluster; - for the standard input")
    .option("--version <version>", "RabbitMQ's version, where the image's tag has none")
    .option("--json", "findings as JSON")
    .action((files: string[], options: { version?: string; json?: boolean }) => {
      done(check(files, named(options), terminal));
    });
  program
    .command("diff")
    .description("what applying new manifests over old ones would restart, lose or be refused")
    .argument("<old>", "the manifests that run")
    .argument("<new>", "the manifests to be applied")
    .action((before: string, after: string) => {
      done(diff(before, after, terminal));
    });
  program
    .command("runbook")
    .description("a shell script for what an apply alone cannot do; read it, or pipe it to sh")
    .argument("<operation>", "scale-down, upgrade or grow-volume")
    .option("--name <name>", "name of the cluster", "rabbitmq")
    .option("--namespace <namespace>", "its namespace", "default")
    .option("--cluster-domain <domain>", "DNS domain of the Kubernetes cluster", "cluster.local")
    .option("--from <from>", "nodes, or version, that run now")
    .option("--to <to>", "nodes, or version, that shall run")
    .option("--size <size>", "new size of each volume")
    .action((operation: string, options: RunbookOptions) => {
      done(runbook(operation, options, terminal));
    });
  return program;
}

function describeSynth(program: Command, terminal: Terminal, done: (code: number) => void): void {
  program
    .command("synth")
    .description("write a cluster's manifests to the standard output")
    .option("--preset <preset>", "modern, or seed for the original document's cluster", "modern")
    .option("--version <version>", "RabbitMQ's version, such as 4.3 or 4.3.6")
    .option("--from <version>", "the version that runs now: refuses an upgrade that skips a step")
    .option("--name <name>", "name of the cluster")
    .option("--namespace <namespace>", "namespace of every object")
    .option("--replicas <count>", "nodes")
    .option("--image <image>", "image of RabbitMQ")
    .option("--memory <quantity>", "memory of each node, such as 4Gi")
    .option("--storage <quantity>", "size of each volume, such as 20Gi")
    .option("--storage-class <name>", "storage class of the volumes")
    .option("--vhost <name...>", "vhosts beside none other; the first is the applications'")
    .option("--celery", "set what Celery needs on this version")
    .option(
      "--tls <setting...>",
      "issuer=NAME, cluster-issuer=NAME or secret=NAME; keep-plain, verify-clients, inter-node",
    )
    .option("--monitoring", "monitors, alert rules and a dashboard for the Prometheus operator and Grafana")
    .option("--operator", "resources for RabbitMQ's cluster operator and topology operator instead")
    .option(
      "--with-secret [file]",
      "with --preset seed: render its Secret too, from RABBITMQ_ERLANG_COOKIE and RABBITMQ_ADMIN_PASSWORD in the environment, or from NAME=VALUE lines of a file",
    )
    .option("--props <file>", "all other props, as JSON; options win over it")
    .action((options: { version?: string }) => {
      done(synth(named(options), terminal));
    });
}

/** `--version` is RabbitMQ's here, never this program's. */
function named({ version, ...rest }: { readonly version?: string }): { readonly rabbitVersion?: string } {
  return { ...rest, ...(version !== undefined && { rabbitVersion: version }) };
}
