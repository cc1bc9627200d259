import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveCluster } from "../../src/cluster/resolve.ts";
import { toYaml } from "../../src/command/to-yaml.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { certificateNames } from "../../src/manifests/certificate.ts";
import type { ModernProps } from "../../src/cluster/props.ts";
import { paths } from "../../src/server/paths.ts";
import { Lab } from "./lab.ts";
import { secretsYaml } from "./secrets.ts";

const props: ModernProps = {
  namespace: "messaging",
  version: "4.3.6",
  resources: { memory: "1Gi", cpu: "100m" },
  tls: { secretName: "rabbitmq-tls", interNode: true, verifyClients: true },
};

const openssl = (...words: readonly string[]): void =>
  void execFileSync("/usr/bin/openssl", words, { stdio: "ignore" });

/** A certificate as cert-manager would make it, for the names the cluster asks for. */
function makeCertificate(names: readonly string[]): Readonly<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), "tls-"));
  const file = (name: string): string => join(folder, name);
  openssl(
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=ca",
    "-keyout",
    file("ca.key"),
    "-out",
    file("ca.crt"),
  );
  openssl(
    "req",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-subj",
    "/CN=rabbitmq",
    "-keyout",
    file("tls.key"),
    "-out",
    file("tls.csr"),
  );
  writeFileSync(
    file("extensions"),
    `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}\nextendedKeyUsage=serverAuth,clientAuth\n`,
  );
  openssl(
    "x509",
    "-req",
    "-days",
    "2",
    "-in",
    file("tls.csr"),
    "-CA",
    file("ca.crt"),
    "-CAkey",
    file("ca.key"),
    "-CAcreateserial",
    "-extfile",
    file("extensions"),
    "-out",
    file("tls.crt"),
  );
  const made = Object.fromEntries(
    ["ca.crt", "tls.crt", "tls.key"].map((name) => [name, readFileSync(file(name), "utf8")]),
  );
  rmSync(folder, { recursive: true });
  return made;
}

describe("an encrypted cluster on 4.3.6", () => {
  let lab: Lab;

  beforeAll(async () => {
    const names = certificateNames(resolveCluster(props).cluster);
    const secrets = secretsYaml("messaging", {
      "rabbitmq-erlang-cookie": { ".erlang.cookie": "0123456789abcdefghijklmnop" },
      "rabbitmq-default-user": { username: "admin", password: "secret" },
      "rabbitmq-tls": makeCertificate(names),
    });
    lab = await Lab.start("4.3.6", "messaging", toYaml(renderCluster(props).manifests) + secrets);
    await lab.ready(240);
  });
  afterAll(() => lab?.stop());

  it("forms over encrypted links and serves no plain port", async () => {
    const status = JSON.parse(await lab.exec("rabbitmq-2", "rabbitmqctl", "cluster_status", "--formatter", "json")) as {
      running_nodes: unknown[];
      listeners: Record<string, { port: number; protocol: string }[]>;
    };
    expect(status.running_nodes).toHaveLength(3);
    const ports = Object.values(status.listeners)[0]
      ?.map(({ port }) => port)
      .toSorted((a, b) => a - b);
    expect(ports).toEqual([5671, 15671, 15691, 25672]);
    const question = "{ok, [[Dist]]} = init:get_argument(proto_dist), io:format(Dist).";
    expect(await lab.exec("rabbitmq-0", "rabbitmqctl", "eval", question)).toContain("inet_tls");
  });

  it.each([
    ["links between nodes", 25672],
    ["clients", 5671],
  ])("asks for a certificate on the port for %s", async (_, port) => {
    // With TLS 1.3 a client hears of the refusal only when it reads.
    const connect = `openssl s_client -connect localhost:${port} -tls1_2 -verify_return_error -CAfile ${paths.tls}/ca.crt`;
    const ending = async (words: string): Promise<string> =>
      lab.exec("rabbitmq-1", "sh", "-c", `${connect} ${words} </dev/null 2>&1; echo "ended with $?"`);
    expect(await ending(`-cert ${paths.tls}/tls.crt -key ${paths.tls}/tls.key`)).toContain("ended with 0");
    const refused = await ending("");
    expect(refused).toMatch(/alert (handshake failure|certificate required)/);
    expect(refused).toContain("ended with 1");
  });
});
