import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { resolveCluster } from "../../src/cluster/resolve.ts";
import { requiredFeatureFlags } from "../../src/rabbitmq/upgrade.ts";
import { parseVersion } from "../../src/rabbitmq/version.ts";
import { configFiles } from "../../src/server/files.ts";

const folder = mkdtempSync(join(tmpdir(), "rabbit-k8s-old-data-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const node = "rabbit@rabbitmq-2.rabbitmq-headless.messaging.svc.cluster.local";

/** What a node of 4.0.5 has enabled, all stable ones included. */
const flagsOf405 = [
  ...requiredFeatureFlags(parseVersion("4.0.5")!),
  "detailed_queues_endpoint",
  "message_containers_deaths_v2",
  "quorum_queue_non_voters",
  "rabbit_exchange_type_local_random",
  "rabbitmq_4.0.0",
];
const flagsOf42 = [...requiredFeatureFlags(parseVersion("4.3.6")!)];

/** The file as RabbitMQ writes it: a term of Erlang, names with dots in quotes. */
const asFile = (flags: readonly string[]): string =>
  `[${flags.map((flag) => (flag.includes(".") ? `'${flag}'` : flag)).join(",\n ")}].\n`;

interface Volume {
  readonly flags?: string;
  /** Whether the node has booted before, so that its file of flags is complete. */
  readonly hasBooted: boolean;
}

/** Runs the init container of a version on a volume; answers its end and whether it wrote anything. */
function run(version: string, { flags, hasBooted }: Volume): { code: number | null; errors: string; files: number } {
  const root = mkdtempSync(join(folder, "pod-"));
  const at = (path: string): string => join(root, path);
  for (const path of ["etc/rabbitmq", `var/lib/rabbitmq/mnesia/${node}`, "run/rabbitmq/config"])
    mkdirSync(at(path), { recursive: true });
  if (flags !== undefined) writeFileSync(at(`var/lib/rabbitmq/mnesia/${node}-feature_flags`), flags);
  if (hasBooted) writeFileSync(at(`var/lib/rabbitmq/mnesia/${node}/rabbit_serial`), "1.\n");
  const files = configFiles(resolveCluster({ namespace: "messaging", version }).cluster);
  for (const [name, text] of Object.entries(files)) writeFileSync(at(`run/rabbitmq/config/${name}`), text);
  for (const path of [
    "rabbitmq-erlang-cookie/.erlang.cookie",
    ...["username", "password"].map((key) => `rabbitmq-default-user/${key}`),
  ]) {
    mkdirSync(at(`run/rabbitmq/secrets/${path.split("/")[0]}`), { recursive: true });
    writeFileSync(at(`run/rabbitmq/secrets/${path}`), "secret");
  }
  const script = (files["setup.sh"] ?? "").replaceAll(/\/(?:(?:etc|run|var\/lib)\/rabbitmq)/g, `${root}$&`);
  const { status, stderr } = spawnSync("sh", ["-c", script], {
    encoding: "utf8",
    env: { PATH: "/usr/bin:/bin", RABBITMQ_NODENAME: node },
  });
  expect(existsSync(at("var/lib/rabbitmq/.erlang.cookie"))).toBe(status === 0);
  return { code: status, errors: stderr, files: readdirSync(at("etc/rabbitmq")).length };
}

const booted = (flags: readonly string[]): Volume => ({ flags: asFile(flags), hasBooted: true });

describe("the init container on a volume of another release", () => {
  it("refuses data of 4.0 for 4.3 before the broker starts, with the flags and the way", () => {
    const { code, errors, files } = run("4.3.6", booted(flagsOf405));
    expect({ code, files }).toEqual({ code: 1, files: 0 });
    expect(errors).toMatch(
      /not enabled: khepri_db rabbitmq_4\.1\.0 rabbitmq_4\.2\.0\. Nothing was changed.*come from 4\.2 only/,
    );
  });

  it.each(["3.12.14", "3.13", "4.0.5", "4.1", "4.2", "4.3"])("refuses data of 3.10 for %s", (version) => {
    const flagsOf310 = ["implicit_default_bindings", "quorum_queue", "stream_queue", "user_limits"];
    expect(run(version, booted(flagsOf310))).toMatchObject({ code: 1, files: 0 });
  });

  it.each(flagsOf42)("refuses data of 4.2 for 4.3 where only %s is not enabled", (flag) => {
    const { code, errors } = run("4.3.6", booted(flagsOf42.filter((other) => other !== flag)));
    expect(code).toBe(1);
    expect(errors).toContain(`not enabled: ${flag}. `);
  });

  it.each([
    ["of the same release", "4.3.6", booted([...flagsOf42, "rabbitmq_4.3.0"])],
    ["of 4.2 with all flags enabled", "4.3.6", booted(flagsOf42)],
    ["of 4.0 for 4.1", "4.1", booted(flagsOf405)],
    ["of 3.10 for 3.11", "3.11", booted(["quorum_queue"])],
    ["that is empty", "4.3.6", { hasBooted: false }],
    ["of a node that was killed on its first boot", "4.3.6", { flags: asFile(["quorum_queue"]), hasBooted: false }],
    ["whose file of flags was never written", "4.3.6", { flags: "", hasBooted: true }],
  ] as const)("takes data %s", (_, version, volume) => {
    expect(run(version, volume)).toMatchObject({ code: 0, errors: "" });
  });
});
