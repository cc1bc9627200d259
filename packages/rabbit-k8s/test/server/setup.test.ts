import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { resolveCluster } from "../../src/cluster/resolve.ts";
import { renderDefinitions } from "../../src/server/definitions.ts";
import { fillSecrets } from "../../src/server/setup.ts";
import { seedFiles } from "../../src/seed/files.ts";
import { resolveSeed } from "../../src/seed/resolve.ts";

/** The one of the system: mawk on Debian, as in the image. */
const awk = "/usr/bin/awk";

const folder = mkdtempSync(join(tmpdir(), "rabbit-k8s-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = join(folder, "fill.awk");
const template = join(folder, "definitions.json");
writeFileSync(program, fillSecrets);
writeFileSync(template, renderDefinitions(resolveCluster({ namespace: "messaging", version: "4.3.6" }).cluster));
mkdirSync(join(folder, "rabbitmq-default-user"));

interface Definitions {
  readonly users: readonly { readonly name: string; readonly password: string }[];
  readonly permissions: readonly { readonly user: string }[];
}

function fill(username: string, password: string): Definitions {
  writeFileSync(join(folder, "rabbitmq-default-user/username"), username);
  writeFileSync(join(folder, "rabbitmq-default-user/password"), password);
  return JSON.parse(
    execFileSync(awk, ["-v", `folder=${folder}`, "-f", program, template], { encoding: "utf8" }),
  ) as Definitions;
}

describe("the init container", () => {
  it.each([
    'p"a\\s$s w%rd &é',
    "\\",
    '"',
    "$RABBITMQ",
    "a\tb",
    "x\ny",
    "@secret/a/b@",
    "{}[]",
    "'; rm -rf /",
    "日本語",
    "\\u0041",
    "a\u0001b",
  ])("puts %j into the definitions as it is", (password) => {
    const { users, permissions } = fill("admin", password);
    expect(users).toEqual([{ name: "admin", password, tags: ["administrator"], limits: {} }]);
    expect(permissions[0]?.user).toBe("admin");
  });

  it("puts any text of one line into the definitions as it is", () => {
    const text = fc
      .string({ minLength: 1, unit: "binary" })
      .filter((value) => !/[\n\r\0]/.test(value) && value.isWellFormed());
    fc.assert(
      fc.property(text, text, (username, password) => {
        expect(fill(username, password).users[0]).toMatchObject({ name: username, password });
      }),
      { numRuns: 40 },
    );
  });

  it("stops with the Secret's name when a secret is empty", () => {
    writeFileSync(join(folder, "rabbitmq-default-user/password"), "");
    const { status, stderr } = spawnSync(awk, ["-v", `folder=${folder}`, "-f", program, template], {
      encoding: "utf8",
    });
    expect(status).toBe(1);
    expect(stderr).toContain("the Secret key rabbitmq-default-user/password is missing or empty");
  });
});

describe("the init container of the original document", () => {
  it.each(["plain", 'p"a\\s$s w%rd', "$RABBITMQ_ADMIN_PASSWORD", "a * b"])(
    "puts %j into import.json and the cookie as they are",
    (secret) => {
      const root = mkdtempSync(join(folder, "seed-"));
      for (const path of ["tmp/config", "etc/rabbitmq", "var/lib/rabbitmq"])
        mkdirSync(join(root, path), { recursive: true });
      const files = seedFiles(resolveSeed({ preset: "seed" }));
      for (const [name, text] of Object.entries(files)) writeFileSync(join(root, "tmp/config", name), text);
      const script = (files["init-config.sh"] ?? "").replaceAll(/ \/(tmp|etc|var)\//g, ` ${root}/$1/`);
      execFileSync("sh", ["-c", script], {
        env: { ...process.env, RABBITMQ_ERLANG_COOKIE: secret, RABBITMQ_ADMIN_PASSWORD: secret },
      });
      expect(readFileSync(join(root, "var/lib/rabbitmq/.erlang.cookie"), "utf8")).toBe(secret);
      const definitions = JSON.parse(readFileSync(join(root, "etc/rabbitmq/import.json"), "utf8")) as Definitions;
      expect(definitions.users[0]).toMatchObject({ name: "admin", password: secret });
    },
  );
});
