import type { Construct } from "constructs";
import type { Manifest } from "../manifests/manifest.ts";

/** What must be known and done before objects are applied. */
export interface Instructed {
  readonly manifests: readonly Manifest[];
  readonly warnings: readonly string[];
  readonly secretCommands: readonly string[];
}

/** The warnings, and the commands that make the namespace and the Secrets, for a person to read. */
export function instructionsFor({ manifests, warnings, secretCommands }: Instructed): string {
  const commands = [`kubectl create namespace ${manifests[0]?.metadata.namespace}`, ...secretCommands];
  return [
    ...warnings.map((warning) => `warning: ${warning}`),
    "Create the namespace and the Secrets first, where they do not exist, with values of your own:",
    ...commands.map((command) => `  ${command}`),
  ].join("\n");
}

/** Writes the instructions to the error output when the app is synthesized, once, as the command does. */
export function instructAtSynthesis(scope: Construct, rendered: Instructed): void {
  let isDone = false;
  scope.node.addValidation({
    validate: () => {
      if (!isDone) process.stderr.write(`${scope.node.path}:\n${instructionsFor(rendered)}\n`);
      isDone = true;
      return [];
    },
  });
}
