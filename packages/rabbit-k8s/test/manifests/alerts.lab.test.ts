import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, inject, it } from "vitest";
import { stringify } from "yaml";
import { resolveCluster } from "../../src/cluster/resolve.ts";
import { alertRules } from "../../src/manifests/alerts.ts";

const promtool = inject("promtool");

const folder = mkdtempSync(join(tmpdir(), "alerts-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rules = alertRules(resolveCluster({ namespace: "messaging", version: "4.3.6" }).cluster);
writeFileSync(join(folder, "rules.yaml"), stringify({ groups: [{ name: "cluster", rules }] }));

const series = (metric: string, labels: string, values: string): { series: string; values: string } => ({
  series: `${metric}{namespace="messaging",${labels}}`,
  values,
});

const nodes = (count: number): { series: string; values: string }[] =>
  Array.from({ length: count }, (_, index) => series("rabbitmq_build_info", `pod="rabbitmq-${index}"`, "1x120"));

const allLinks = ["0", "1", "2"].flatMap((pod) =>
  ["a", "b"].map((peer) => series("erlang_vm_dist_node_state", `pod="rabbitmq-${pod}",peer="${peer}"`, "3x120")),
);

const well = [...nodes(3), ...allLinks];

/** What is measured, and the alerts that fire two hours later. */
const cases: readonly (readonly [string, readonly { series: string; values: string }[], readonly string[]])[] = [
  ["a healthy cluster", well, []],
  ["no metrics at all", [], ["RabbitMQNodesMissing", "RabbitMQLinksMissing"]],
  ["three nodes that do not see each other", nodes(3), ["RabbitMQLinksMissing"]],
  ["a node that is gone", [...nodes(2), ...allLinks], ["RabbitMQNodesMissing"]],
  ["a link that is gone", [...nodes(3), ...allLinks.slice(1)], ["RabbitMQLinksMissing"]],
  [
    "a memory alarm",
    [...well, series("rabbitmq_alarms_memory_used_watermark", 'pod="rabbitmq-1"', "1x120")],
    ["RabbitMQMemoryAlarm"],
  ],
  [
    "a disk alarm",
    [...well, series("rabbitmq_alarms_free_disk_space_watermark", 'pod="rabbitmq-1"', "1x120")],
    ["RabbitMQDiskAlarm"],
  ],
  [
    "another cluster's alarm",
    [...well, series("rabbitmq_alarms_memory_used_watermark", 'pod="orders-0"', "1x120")],
    [],
  ],
  [
    "a queue nobody reads",
    [
      ...well,
      series("rabbitmq_detailed_queue_messages", 'pod="rabbitmq-0",vhost="/",queue="tasks"', "5x120"),
      series("rabbitmq_detailed_queue_consumers", 'pod="rabbitmq-0",vhost="/",queue="tasks"', "0x120"),
    ],
    ["RabbitMQQueueWithoutConsumers"],
  ],
  [
    "a queue that is read",
    [
      ...well,
      series("rabbitmq_detailed_queue_messages", 'pod="rabbitmq-0",vhost="/",queue="tasks"', "5x120"),
      series("rabbitmq_detailed_queue_consumers", 'pod="rabbitmq-0",vhost="/",queue="tasks"', "1x120"),
    ],
    [],
  ],
  [
    "few file descriptors left",
    [
      ...well,
      series("rabbitmq_process_open_fds", 'pod="rabbitmq-0"', "90x120"),
      series("rabbitmq_process_max_fds", 'pod="rabbitmq-0"', "100x120"),
    ],
    ["RabbitMQFileDescriptors"],
  ],
];

/** The alerts that promtool says would fire, by its own evaluation of the rules. */
function firing(input: readonly { series: string; values: string }[], expected: readonly string[]): string {
  const names = [...new Set(rules.map(({ alert }) => alert))];
  const test = {
    rule_files: ["rules.yaml"],
    evaluation_interval: "1m",
    tests: [
      {
        interval: "1m",
        input_series: input,
        promql_expr_test: names.map((alert) => ({
          expr: `count(ALERTS{alertname="${alert}",alertstate="firing"}) > bool 0 or vector(0)`,
          eval_time: "2h",
          exp_samples: [{ labels: "{}", value: expected.includes(alert) ? 1 : 0 }],
        })),
      },
    ],
  };
  writeFileSync(join(folder, "test.yaml"), stringify(test));
  return execFileSync(promtool, ["test", "rules", join(folder, "test.yaml")], { encoding: "utf8" });
}

describe("alert rules in Prometheus", () => {
  it("are well written", () => {
    expect(execFileSync(promtool, ["check", "rules", join(folder, "rules.yaml")], { encoding: "utf8" })).toContain(
      "SUCCESS",
    );
  });

  it.each(cases)("on %s fire as they should", (_, input, expected) => {
    expect(firing(input, expected)).toContain("SUCCESS");
  });
});
