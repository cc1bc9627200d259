import { refusePolicyKey } from "../rabbitmq/policy-keys.ts";
import { isAtLeast, latestOf, parseVersion } from "../rabbitmq/version.ts";
import { configFiles, type Broker, type ConfigFile } from "./broker.ts";
import type { Finding } from "./finding.ts";
import { find, findWithin, type Remark, type Rule } from "./rule.ts";

/** Definitions as far as the rules read them. */
interface Definitions {
  readonly users?: readonly { readonly name?: string; readonly password?: string }[];
  readonly policies?: readonly { readonly name?: string; readonly definition?: Readonly<Record<string, unknown>> }[];
  readonly permissions?: readonly { readonly user?: string }[];
  readonly parameters?: readonly { readonly component?: string }[];
}

interface DefinitionFile extends ConfigFile {
  readonly definitions: Definitions;
}

function definitionFiles(broker: Broker): readonly DefinitionFile[] {
  return configFiles(broker, /\.json$/).flatMap((file) => {
    const definitions = parse(file.text);
    return definitions === null ? [] : [{ ...file, definitions }];
  });
}

function parse(text: string): Definitions | null {
  try {
    return JSON.parse(text) as Definitions;
  } catch {
    // The rule on JSON reports it.
    return null;
  }
}

/** The finding stands at the first line of the file that has the text. */
function findText(file: ConfigFile, text: string, remark: Remark): Finding {
  const line = file.text.split("\n").findIndex((candidate) => candidate.includes(text)) + 1;
  return line === 0 ? find(file.object, file.path, remark) : findWithin(file.object, file.path, line, remark);
}

/** Definitions that are no JSON stop the boot. */
export const definitionsSyntax: Rule = (broker) =>
  configFiles(broker, /\.json$/)
    .filter(({ text }) => parse(text) === null)
    .map((file) =>
      find(file.object, file.path, {
        rule: "definitions-json",
        severity: "error",
        message: `${file.name} is no JSON; a node that imports it does not boot`,
        fix: "correct it; a placeholder for a secret must be inside quotes",
      }),
    );

/** Policy keys by version, mirroring above all. */
export const policies: Rule = (broker) => {
  const version = broker.version ?? parseVersion(latestOf("4.3"));
  if (version === null) return [];
  return definitionFiles(broker).flatMap((file) =>
    (file.definitions.policies ?? []).flatMap((policy) => {
      const findings: Finding[] = Object.keys(policy.definition ?? {}).flatMap((key) => {
        const refusal = refusePolicyKey(version, key);
        if (refusal === null) return [];
        return [
          findText(file, `"${key}"`, {
            rule: "policy-key",
            severity: "error",
            message: `policy "${policy.name}": ${refusal.reason}`,
            fix: refusal.remedy,
          }),
        ];
      });
      const mirrors = Object.keys(policy.definition ?? {}).includes("ha-mode");
      if (mirrors && !isAtLeast(version, "4.0")) {
        findings.push(
          findText(file, '"ha-mode"', {
            rule: "mirroring",
            severity: "warning",
            message: `policy "${policy.name}" mirrors classic queues, which RabbitMQ 4.0 no longer does: there every node stops at boot on it`,
            fix: "move the queues to quorum before the upgrade, and drop the policy",
          }),
        );
      }
      return findings;
    }),
  );
};

/** Users that may log in. */
export const users: Rule = (broker) =>
  definitionFiles(broker).flatMap((file) => {
    const { users: defined, permissions = [] } = file.definitions;
    const names = new Set((defined ?? []).map((user) => user.name));
    const findings: Finding[] = [];
    if (defined !== undefined || permissions.length > 0) {
      for (const { user } of permissions) {
        if (user === undefined || names.has(user) || isAddedByScript(broker, user)) continue;
        findings.push(
          findText(file, `"${user}"`, {
            rule: "unknown-user",
            severity: "error",
            message: `permissions name the user "${user}", whom nothing defines; with definitions no default user is made`,
            fix: "define the user, or let the init container add it",
          }),
        );
      }
    }
    for (const { name, password } of file.object.kind === "Secret" ? [] : (defined ?? [])) {
      if (password === undefined || /^\$|^@secret\//.test(password)) continue;
      findings.push(
        findText(file, '"password"', {
          rule: "password-in-configmap",
          severity: "error",
          message: `the password of "${name}" is readable in ConfigMap ${file.object.name}`,
          fix: "put it in a Secret and let the init container fill it in",
        }),
      );
    }
    return findings;
  });

/** Whether a script of the init container writes users of its own into the definitions, this one by name. */
function isAddedByScript(broker: Broker, user: string): boolean {
  return configFiles(broker, /\.sh$/).some(({ text }) => text.includes('"users"') && text.includes(user));
}

/** Federation without anything to federate from. */
export const federation: Rule = (broker) => {
  const upstreams = definitionFiles(broker).some(({ definitions }) =>
    (definitions.parameters ?? []).some(({ component }) => component === "federation-upstream"),
  );
  if (upstreams) return [];
  return configFiles(broker, /^enabled_plugins$/)
    .filter(({ text }) => text.includes("rabbitmq_federation"))
    .map((file) =>
      findWithin(file.object, file.path, 1, {
        rule: "federation-unused",
        severity: "note",
        message:
          "the federation plugin links separate brokers; without an upstream it does nothing, and within one cluster it replicates nothing",
        fix: "leave it out; copies within a cluster come from quorum queues",
      }),
    );
};
