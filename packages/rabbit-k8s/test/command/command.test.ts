import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { runCommand } from "../../src/command/command.ts";
import { originalYaml } from "../seed/original.ts";

interface StatefulSet {
  readonly kind: string;
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly resources: unknown }[] } };
    readonly volumeClaimTemplates: readonly { readonly spec: unknown }[];
  };
}

interface Ending {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(
  words: string,
  files: Readonly<Record<string, string>> = {},
  variables: Readonly<Record<string, string>> = {},
): Ending {
  let [out, err] = ["", ""];
  const code = runCommand(words.split(" "), {
    out: (text) => (out += text),
    err: (text) => (err += `${text}\n`),
    variable: (name) => variables[name],
    read: (file) => {
      const text = files[file];
      if (text === undefined) throw Object.assign(new Error(`open ${file}`), { code: "ENOENT" });
      return text;
    },
  });
  return { code, out, err };
}

const kinds = (yaml: string): readonly string[] =>
  parseAllDocuments(yaml).map((document) => String(document.get("kind")));

const setOf = (yaml: string): StatefulSet =>
  parseAllDocuments(yaml)
    .map((document) => document.toJS() as StatefulSet)
    .find(({ kind }) => kind === "StatefulSet")!;
const claimOf = (yaml: string): unknown => setOf(yaml).spec.volumeClaimTemplates[0]?.spec;

describe("rabbit-k8s synth", () => {
  it("writes the original document's cluster, and how to make its Secret", () => {
    const { code, out, err } = run("synth --preset seed");
    expect(code).toBe(0);
    expect(kinds(out)).toEqual([
      "ConfigMap",
      "ServiceAccount",
      "Role",
      "RoleBinding",
      "StatefulSet",
      "Service",
      "Service",
    ]);
    expect(err).toContain("kubectl -n rabbitmq-golang create secret generic rabbitmq-secret");
  });

  it("writes all eight objects of the original document with its Secret, from the environment or a file", () => {
    const values = { RABBITMQ_ERLANG_COOKIE: "a cookie", RABBITMQ_ADMIN_PASSWORD: 'p"a\\s$s w=rd' };
    const lines = Object.entries(values).map(([name, value]) => `${name}=${value}`);
    for (const { code, out, err } of [
      run("synth --preset seed --with-secret", {}, values),
      run("synth --preset seed --with-secret .env", { ".env": `# values\n${lines.join("\r\n")}\n` }),
    ]) {
      expect(code).toBe(0);
      expect(kinds(out)).toEqual(kinds(originalYaml));
      expect(kinds(out)).toHaveLength(8);
      const secret = parseAllDocuments(out).find((document) => document.get("kind") === "Secret");
      const { data } = secret!.toJS() as { data: Record<string, string> };
      expect(
        Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, "base64").toString()])),
      ).toEqual(values);
      expect(err).not.toContain("a cookie");
      expect(err).not.toContain("create secret");
    }
  });

  it.each([
    ["synth --preset seed --with-secret", /no RABBITMQ_ERLANG_COOKIE in the environment/],
    ["synth --preset seed --with-secret nowhere", /nowhere: there is no such file/],
    ["synth --version 4.3 --namespace shop --with-secret", /--with-secret is for --preset seed/],
  ])("refuses %s", (words, message) => {
    const { code, err, out } = run(words);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(message);
  });

  it("writes a modern one", () => {
    const { code, out, err } = run(
      "synth --version 4.3 --replicas 5 --name orders --namespace shop --celery --tls issuer=ca --monitoring --vhost web",
    );
    expect(code).toBe(0);
    expect(kinds(out)).toEqual(expect.arrayContaining(["StatefulSet", "Certificate", "PrometheusRule", "PodMonitor"]));
    expect(out).toContain("  name: orders\n  namespace: shop\n");
    expect(out).toContain("replicas: 5\n");
    expect(err).toContain("kubectl -n shop create secret generic orders-default-user");
  });

  it("changes by an option what the option names, and nothing beside it in the file's props", () => {
    const files = {
      "props.json": JSON.stringify({
        resources: { cpu: "100m", cpuLimit: "300m" },
        storage: { className: "fast", whenScaled: "Delete", size: "5Gi" },
        tls: { issuer: { name: "old" }, verifyClients: true, dnsNames: ["rabbit.example.com"] },
        celery: { python: false },
        monitoring: { monitor: "ServiceMonitor" },
      }),
    };
    const base = "synth --version 4.3 --namespace shop --props props.json";
    const { code, out } = run(
      `${base} --memory 1Gi --storage 20Gi --celery --monitoring --tls secret=new,keep-plain`,
      files,
    );
    expect(code).toBe(0);
    expect(setOf(out).spec.template.spec.containers[0]?.resources).toEqual({
      requests: { cpu: "100m", memory: "1Gi" },
      limits: { memory: "1Gi", cpu: "300m" },
    });
    expect(claimOf(out)).toMatchObject({ storageClassName: "fast", resources: { requests: { storage: "20Gi" } } });
    expect(out).toContain("whenScaled: Delete");
    expect(out).toContain("kind: ServiceMonitor");
    expect(out).not.toContain("transient_nonexcl_queues");
    expect(out).toContain("ssl_options.verify = verify_peer");
    expect(out).toContain("secretName: new");
    expect(out).not.toContain("kind: Certificate");
    expect(claimOf(run(`${base} --storage-class slow`, files).out)).toMatchObject({
      storageClassName: "slow",
      resources: { requests: { storage: "5Gi" } },
    });
  });

  it("refuses what the file has of a wrong kind, also beside an option for it", () => {
    for (const storage of ["20Gi", [], null, 7]) {
      const files = { "props.json": JSON.stringify({ storage, resources: storage }) };
      const { code, err } = run(
        "synth --version 4.3 --namespace shop --props props.json --memory 1Gi --storage 2Gi",
        files,
      );
      expect(code).toBe(1);
      expect(err).toMatch(/resources: it is [\s\S]*storage: it is|storage: it is [\s\S]*resources: it is/);
    }
  });

  it("writes the operators' resources", () => {
    expect(kinds(run("synth --version 4.3 --namespace shop --operator").out)).toEqual(["RabbitmqCluster", "Vhost"]);
  });

  it("takes all other props from a file, and options over it", () => {
    const props = JSON.stringify({ namespace: "shop", version: "4.2", conf: { channel_max: 7 } });
    const { out } = run("synth --props props.json --version 4.3", { "props.json": props });
    expect(out).toContain("channel_max = 7");
    expect(out).toContain("image: rabbitmq:4.3-management");
  });

  it("names each prop of a file that does not exist or is of another kind", () => {
    const file = JSON.stringify({
      replica: 3,
      queues: {},
      tls: { issuer: "ca" },
      users: [{ name: "a" }],
      conf: { a: [] },
    });
    const { code, out, err } = run("synth --props p.json --version 4.3 --namespace a", { "p.json": file });
    expect([code, out]).toEqual([1, ""]);
    expect(err.split("\n").slice(1, -1)).toEqual([
      "- replica: there is no such prop. Did you mean `replicas`?",
      "- queues: it is an object. Give a list.",
      "- tls.issuer: it is a string. Give an object.",
      "- users[0].password: it is missing. Give it.",
      '- conf["a"]: it is a list. Give a string, or a number, or true or false.',
    ]);
  });

  it("says all refusals and ends with 1, and writes nothing", () => {
    // An empty count is what a shell variable that is not set leaves, and 0 nodes would stop the cluster.
    for (const count of ["", "1e1", "0x3", "-3"])
      expect(run(`synth --version 4.3 --namespace shop --replicas=${count}`)).toMatchObject({ code: 1, out: "" });
    const { code, out, err } = run("synth --version 4.3 --from 3.13 --namespace Shop --replicas many");
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/- namespace:[\s\S]*- from:[\s\S]*- replicas:/);
  });

  it.each([
    ["synth --namespace a", /Give --version/],
    ["synth --version 4.3", /Give --namespace/],
    ["synth --preset old", /use seed or modern/],
    ["synth --preset seed --operator", /leave out --preset seed/],
    ["synth --preset seed --props a", /leave it out/],
    ["synth --version 4.3 --namespace a --tls yes", /issuer=NAME/],
    ["synth --version 4.3 --namespace a --props none.json", /none\.json: there is no such file/],
    ["synth --version 4.3 --namespace a --props list.json", /list\.json: it must hold one JSON object/],
    ["synth --version 4.3 --namespace a --props a.yaml", /--props a\.yaml: .*JSON/],
    ["synth --preset seed --celery", /--celery is for the modern cluster/],
    ["synth --preset seed --tls issuer=ca", /--tls is for the modern cluster/],
    ["synth --preset seed --name orders", /--name is for the modern cluster/],
    ["diff - -", /only one of both/],
    ["diff a.yaml empty.yaml", /no manifests in empty\.yaml/],
    ["diff none.yaml a.yaml", /none\.yaml: there is no such file/],
    ["synth --colour", /unknown option/],
    ["chekc a.yaml", /check/],
    ["check", /missing required argument/],
    ["check none.yaml", /none\.yaml: there is no such file/],
    ["check a.yaml --version 9", /no RabbitMQ version/],
    ["runbook fly", /scale-down, upgrade or grow-volume/],
    ["runbook scale-down --from 3 --to 5", /no scaling down/],
    ["runbook scale-down --to 3", /--from needs a number/],
    ["runbook scale-down --from 1e9 --to 3", /--from needs a number of nodes, from 1 to 99/],
    ["runbook grow-volume --size 0", /no size of at least 1Gi/],
    ["runbook scale-down --from= --to 3", /--from needs a number/],
    ["runbook upgrade --from 4.3 --to 4.2", /downgrades are not supported/],
    ["runbook upgrade --from 4.3", /--to needs a RabbitMQ version/],
    ["runbook scale-down --from 3 --to 1", /no majority/],
    ["runbook scale-down --from 5 --to 3 --name a;b", /--name "a;b" is no name/],
    ["runbook scale-down --from 5 --to 3 --cluster-domain $(id)", /no DNS domain/],
    ["runbook grow-volume", /Give --size/],
    ["runbook grow-volume --size $(id)", /is no size/],
  ])("%s: says what to type instead and ends with 2", (words, help) => {
    const { code, err } = run(words, { "a.yaml": originalYaml, "list.json": "[1]", "empty.yaml": "# nothing\n" });
    expect(err).toMatch(help);
    expect(code).toBe(2);
  });

  it("explains itself", () => {
    const { code, out } = run("--help");
    expect(code).toBe(0);
    expect(out).toContain("Exit codes:");
  });
});

describe("rabbit-k8s check", () => {
  it("lists findings with file, line and mend, and ends with 1", () => {
    const { code, out, err } = run("check original.yaml", { "original.yaml": originalYaml });
    expect(code).toBe(1);
    expect(out).toMatch(/^original\.yaml:\d+: \w+ \[[\w-]+\] .*\n {4}\S/);
    expect(err).toBe("8 objects: 5 errors, 12 warnings, 8 notes\n");
  });

  it("writes JSON for programs", () => {
    const { out } = run("check original.yaml --json", { "original.yaml": originalYaml });
    expect(JSON.parse(out)).toHaveLength(25);
  });

  it("ends with 0 when all is well", () => {
    const { out } = run("synth --version 4.3 --namespace shop");
    expect(run("check -", { "-": out })).toEqual({
      code: 0,
      out: "",
      err: "7 objects: 0 errors, 0 warnings, 0 notes\n",
    });
  });

  it("takes what kubectl writes: a List, beside objects of other kinds and empty documents", () => {
    const objects = parseAllDocuments(run("synth --version 4.3 --namespace shop --replicas 2").out).map(
      (each) => each.toJS() as object,
    );
    const crd = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: { name: "a.b" } };
    const text = `---\n${stringify(crd)}---\n# nothing\n---\n${stringify({ apiVersion: "v1", kind: "List", items: objects })}---\njust text\n`;
    const { code, out, err } = run("check -", { "-": text });
    expect(code).toBe(1);
    expect(out).toMatch(/^standard input:\d+: warning \[even-replicas\]/);
    const line = Number(/:(\d+):/.exec(out)?.[1]);
    expect(text.split("\n")[line - 1]).toContain("replicas: 2");
    expect(err).toMatch(/^8 objects/);
    expect(run("diff a b", { a: text, b: text }).err).toBe("nothing restarts, nothing is lost\n");
  });

  it("says where a file is no YAML", () => {
    expect(run("check a.yaml", { "a.yaml": "a: [" }).err).toMatch(/a\.yaml: .*line 1/s);
  });

  it("says when there is no RabbitMQ in the files", () => {
    expect(run("check a.yaml", { "a.yaml": "kind: Service\n" }).err).toContain("no StatefulSet with a RabbitMQ image");
  });
});

const synth = (more: string): string => run(`synth --namespace shop ${more}`).out;

describe("rabbit-k8s diff", () => {
  it("says when nothing happens", () => {
    const same = synth("--version 4.3");
    expect(run("diff a b", { a: same, b: same })).toEqual({
      code: 0,
      out: "",
      err: "nothing restarts, nothing is lost\n",
    });
  });

  it("ends with 1 when something is lost or refused", () => {
    const { code, out } = run("diff a b", { a: synth("--version 4.0"), b: synth("--version 4.3") });
    expect(code).toBe(1);
    expect(out).toContain("refused: StatefulSet shop/rabbitmq: from 4.0 to 4.3 skips 4.2");
  });
});

describe("rabbit-k8s runbook", () => {
  it("prints the steps of scaling down", () => {
    const { out } = run("runbook scale-down --namespace shop --from 5 --to 3");
    expect(out).toMatch(
      /shrink rabbit@rabbitmq-4[\s\S]*--replicas=3[\s\S]*forget_cluster_node rabbit@rabbitmq-3[\s\S]*delete pvc data-rabbitmq-3[\s\S]*replicas: 3/,
    );
  });

  it("prints every step of a long upgrade, with what must be done before 4.x", () => {
    const { out } = run("runbook upgrade --from 3.11.2 --to 4.3");
    expect(out).toMatch(
      /3\.11\.2 > 3\.11\.28 > 3\.12\.14 > 3\.13\.7 > 4\.2\.\d+ > 4\.3\.6[\s\S]*3\.11\.28\.yaml[\s\S]*"ha-mode"[\s\S]*khepri_db/,
    );
  });

  it("prints the steps to larger volumes", () => {
    const { out } = run("runbook grow-volume --size 40Gi");
    expect(out).toMatch(/patch pvc data-rabbitmq-\$i[\s\S]*--cascade=orphan[\s\S]*storage\.size: 40Gi/);
  });
});

describe("the program", () => {
  // On Windows the link is a script of another name.
  it.skipIf(process.platform === "win32")(
    "runs in a fresh clone without a build, and from the package with its build",
    () => {
      const program = new URL("../../../../node_modules/.bin/rabbit-k8s", import.meta.url).pathname;
      const yaml = execFileSync(program, ["synth", "--preset", "seed"], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
      expect(yaml).toBe(run("synth --preset seed").out);
      const { publishConfig } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
        publishConfig: { bin: unknown };
      };
      expect(publishConfig.bin).toEqual({ "rabbit-k8s": "./dist/bin.js" });
    },
  );
});
