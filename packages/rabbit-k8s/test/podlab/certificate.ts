import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResolvedCluster } from "../../src/cluster/resolved.ts";
import { certificateNames } from "../../src/cluster/connection.ts";

const openssl = (...words: readonly string[]): void =>
  void execFileSync("/usr/bin/openssl", words, { stdio: "ignore" });

/** A Secret's content as cert-manager would make it, for the names that a cluster asks for. */
export function makeCertificate(cluster: ResolvedCluster): Readonly<Record<string, string>> {
  const names = certificateNames(cluster);
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
