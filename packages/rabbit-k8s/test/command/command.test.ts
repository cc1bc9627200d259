import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { runCommand } from "../../src/command/command.ts";
import { originalYaml } from "../seed/original.ts";

interface Ending {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(words: string, files: Readonly<Record<string, string>> = {}): Ending {
  let [out, err] = ["", ""];
  const code = runCommand(words.split(" "), {
    out: (text) => (out += text),
    err: (text) => (err += `${text}\n`),
    read: (file) => {
      const text = files[file];
      if (text === undefined) throw new Error(`there is no file ${file}`);
      return text;
    },
  });
  return { code, out, err };
}

const kinds = (yaml: string): readonly string[] =>
  parseAllDocuments(yaml).map((document) => String(document.get("kind")));

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

  it("writes the operators' resources", () => {
    expect(kinds(run("synth --version 4.3 --namespace shop --operator").out)).toEqual(["RabbitmqCluster", "Vhost"]);
  });

  it("takes all other props from a file, and options over it", () => {
    const props = JSON.stringify({ namespace: "shop", version: "4.2", conf: { channel_max: 7 } });
    const { out } = run("synth --props props.json --version 4.3", { "props.json": props });
    expect(out).toContain("channel_max = 7");
    expect(out).toContain("image: rabbitmq:4.3-management");
  });

  it("says all refusals and ends with 1, and writes nothing", () => {
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
    ["synth --version 4.3 --namespace a --props none.json", /none\.json: there is no file/],
    ["synth --colour", /unknown option/],
    ["chekc a.yaml", /check/],
    ["check", /missing required argument/],
    ["check none.yaml", /there is no file none\.yaml/],
    ["check a.yaml --version 9", /no RabbitMQ version/],
    ["runbook fly", /scale-down, upgrade or grow-volume/],
    ["runbook scale-down --from 3 --to 5", /no scaling down/],
    ["runbook scale-down --to 3", /--from needs a number/],
    ["runbook upgrade --from 4.3 --to 4.2", /no downgrades/],
    ["runbook upgrade --from 4.3", /--to needs a RabbitMQ version/],
    ["runbook grow-volume", /Give --size/],
  ])("%s: says what to type instead and ends with 2", (words, help) => {
    const { code, err } = run(words, { "a.yaml": originalYaml });
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
      /shrink rabbit@rabbitmq-4[\s\S]*--replicas=3[\s\S]*forget_cluster_node rabbit@rabbitmq-3[\s\S]*delete pvc data-rabbitmq-4[\s\S]*replicas: 3/,
    );
  });

  it("prints every step of a long upgrade, with what must be done before 4.x", () => {
    const { out } = run("runbook upgrade --from 3.11.2 --to 4.3");
    expect(out).toMatch(
      /First go to 3\.11\.28[\s\S]*ha-\*[\s\S]*'3\.12\.14'[\s\S]*'3\.13\.7'[\s\S]*'4\.2\.\d+'[\s\S]*'4\.3\.6'/,
    );
  });

  it("prints the steps to larger volumes", () => {
    const { out } = run("runbook grow-volume --size 40Gi");
    expect(out).toMatch(/patch pvc data-rabbitmq-2[\s\S]*--cascade=orphan[\s\S]*'40Gi'/);
  });
});

describe("the program", () => {
  it("is named in package.json", () => {
    const { bin } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
      bin: unknown;
    };
    expect(bin).toEqual({ "rabbit-k8s": "./dist/bin.js" });
  });
});
