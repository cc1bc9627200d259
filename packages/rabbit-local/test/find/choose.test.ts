import { expect, test } from "vitest";
import { type Choice, type Machine, type Probes, chooseServer } from "../../src/find/choose.ts";

interface Situation {
  readonly wanted?: string;
  readonly platform?: NodeJS.Platform;
  readonly path?: string;
  /** Files that can be run. */
  readonly files?: readonly string[];
  /** Links and where they lead. */
  readonly links?: Readonly<Record<string, string>>;
  readonly docker?: boolean;
  readonly apt?: boolean;
}

function choose(situation: Situation): Promise<Choice> {
  const { wanted = "auto", platform = "linux", path = "/usr/local/bin:/usr/bin", files = [] } = situation;
  const machine: Machine = { platform, path, installLine: "the install line" };
  const probes: Probes = {
    isExecutable: async (file) => files.includes(file),
    realPath: async (file) => situation.links?.[file] ?? file,
    dockerAnswers: async () => situation.docker ?? false,
    hasApt: async () => situation.apt ?? false,
  };
  return chooseServer(wanted, machine, probes);
}

const wrapper = "/usr/lib/rabbitmq/bin/rabbitmq-script-wrapper";
const behind = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const homebrew = "/opt/homebrew/sbin/rabbitmq-server";

test.for<[situation: string, given: Situation, chosen: Choice]>([
  [
    "a server on PATH goes before everything",
    { path: "/opt/r/sbin:/usr/bin", files: ["/opt/r/sbin/rabbitmq-server", behind], docker: true, apt: true },
    { kind: "installed", server: "/opt/r/sbin/rabbitmq-server" },
  ],
  [
    "Debian's wrapper is gone round",
    {
      path: "/usr/sbin",
      files: ["/usr/sbin/rabbitmq-server", behind],
      links: { "/usr/sbin/rabbitmq-server": wrapper },
    },
    { kind: "installed", server: behind },
  ],
  [
    "an installed server is found by users whose PATH has no sbin",
    { files: [behind], docker: true, apt: true },
    { kind: "installed", server: behind },
  ],
  ["Homebrew's is found", { platform: "darwin", files: [homebrew] }, { kind: "installed", server: homebrew }],
  [
    "relative folders on PATH are not looked into",
    { path: ".:sbin", files: ["sbin/rabbitmq-server", "rabbitmq-server"], apt: true },
    { kind: "packages" },
  ],
  ["Docker goes before packages", { docker: true, apt: true }, { kind: "docker" }],
  ["packages are the last resort", { apt: true }, { kind: "packages" }],
  [
    "a given server wins",
    { wanted: "/mine/rabbitmq-server", files: ["/mine/rabbitmq-server", behind], docker: true },
    { kind: "installed", server: "/mine/rabbitmq-server" },
  ],
  [
    "a given wrapper is gone round as well",
    {
      wanted: "/usr/sbin/rabbitmq-server",
      files: ["/usr/sbin/rabbitmq-server"],
      links: { "/usr/sbin/rabbitmq-server": wrapper },
    },
    { kind: "installed", server: behind },
  ],
  [
    "packages, asked for, go before an installed one",
    { wanted: "packages", files: [behind], apt: true },
    { kind: "packages" },
  ],
  [
    "Docker, asked for, goes before an installed one",
    { wanted: "docker", files: [behind], docker: true },
    { kind: "docker" },
  ],
])("%s", async ([, given, chosen]) => {
  expect(await choose(given)).toEqual(chosen);
});

test.for<[given: Situation, said: string]>([
  [{}, "There is no RabbitMQ"],
  [{ wanted: "docker", apt: true }, "No Docker engine answers"],
  [{ wanted: "packages", docker: true }, "need apt-get"],
  [{ wanted: "/mine/rabbitmq-server", files: [behind], apt: true }, "not an executable file: /mine/rabbitmq-server"],
  [{ platform: "win32", docker: true }, "use WSL"],
])("%j ends in an error with the install line", async ([given, said]) => {
  await expect(choose(given)).rejects.toThrow(
    expect.objectContaining({
      code: "server-missing",
      message: expect.stringMatching(new RegExp(`${said}.*the install line.*RABBIT_LOCAL_SERVER`)),
    }),
  );
});
