import { describe, expect, it, onTestFinished } from "vitest";
import { resolveCluster } from "../../src/cluster/resolve.ts";
import { toYaml } from "../../src/command/to-yaml.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { alertRules } from "../../src/manifests/alerts.ts";
import { dashboard } from "../../src/manifests/dashboard.ts";
import { Lab, labFolder, type LabVersion } from "./lab.ts";
import { secretsYaml } from "./secrets.ts";

const secrets = secretsYaml("messaging", {
  "rabbitmq-erlang-cookie": { ".erlang.cookie": "0123456789abcdefghijklmnop" },
  "rabbitmq-default-user": { username: "admin", password: "secret" },
});

/** Every name of a metric in expressions. */
function metricsIn(text: string): readonly string[] {
  return [
    ...new Set([...text.matchAll(/\b((?:rabbitmq|erlang)_[a-z_]+)\{/g)].map((match) => match[1] ?? "")),
  ].toSorted();
}

describe.skipIf(labFolder === undefined).each(["4.3.6", "4.0.5", "3.10.8"] as const)(
  "the metrics of %s",
  (version: LabVersion) => {
    it("hold every name that alerts and the dashboard use", async () => {
      const props = {
        namespace: "messaging",
        version,
        replicas: 3,
        monitoring: true,
        queues: [{ name: "tasks", vhost: "/" }],
        resources: { memory: "1Gi", cpu: "100m" },
      };
      const { cluster } = resolveCluster(props);
      const used = metricsIn(
        alertRules(cluster)
          .map(({ expr }) => expr)
          .join("\n") + JSON.parse(JSON.stringify(Object.values(dashboard(cluster).data ?? {}).join("\n"))),
      );
      expect(used.length).toBeGreaterThan(15);

      const lab = await Lab.start(
        version,
        "messaging",
        toYaml(renderCluster({ ...props, replicas: 2 }).manifests) + secrets,
      );
      onTestFinished(() => lab.stop());
      await lab.ready(300);
      const read = async (path: string): Promise<string> =>
        (JSON.parse(await lab.fetch("rabbitmq-0", `http://127.0.0.1:15692${path}`, {})) as { text: string }).text;
      const served = `${await read("/metrics")}\n${await read("/metrics/detailed?family=queue_coarse_metrics&family=queue_consumer_count")}`;
      const missing = used.filter((name) => !new RegExp(`^(# TYPE )?${name}[ {]`, "m").test(served));
      expect(missing).toEqual([]);
    });
  },
);
