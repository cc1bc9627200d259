import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { type Ends, joined, suiteOf } from "../pytest.ts";
import { filesLeftOut, filesTried } from "./left-out.ts";
import { runSmoke } from "./smoke.ts";

// Part of Celery's smoke tests, as they are but for containers, with our worker in place of Python's: one of each kind. All
// that judge a worker are in smoke.long.test.ts.

const peer = inject("peers").latestCelery;

/** Each runs beside the other. */
const parts = [
  [
    "test_canvas.py::test_chain::test_chain_of_implicit_chords_runs_each_step_once_in_order",
    "test_rpc_backend.py::test_rpc_backend::test_repeated_final_polls_do_not_recirculate",
    "quorum_queues/test_native_delayed_delivery.py::test_broker_configuration_quorum::test_native_delayed_delivery_queue_configuration",
    "quorum_queues/test_native_delayed_delivery_binding.py",
    "stamping/test_hybrid_cluster.py::test_stamping_hybrid_worker_cluster::test_sanity[celery_worker_cluster0-celery_rabbitmq_broker-celery_redis_backend]",
  ],
  [
    "failover/test_broker_failover.py::test_broker_failover::test_reconnect_to_main",
    "failover/test_worker_failover.py::test_worker_failover::test_killing_first_worker",
    "quorum_queues/test_cycle_detection.py::test_cycle_detection::test_countdown_task_with_retry",
    "test_control.py::test_control::test_shutdown_exit_with_zero",
  ],
] as const;

describe.skipIf("missing" in peer)("Celery's smoke tests with our worker", () => {
  const python = "path" in peer ? peer.path : "";
  let ends: Ends;

  beforeAll(async () => {
    const broker = "distribution";
    ends = joined(await Promise.all(parts.map((select) => runSmoke({ python, whose: "our", broker, select }))));
  });

  test("have no file that is neither tried nor left out with a reason", async () => {
    const files = await readdir(join(suiteOf(python), "t/smoke/tests"), { withFileTypes: true });
    const names = files.filter((file) => !file.name.startsWith("_")).map(({ name }) => name);
    expect(names.filter((name) => !(name in filesLeftOut)).toSorted()).toEqual(filesTried.toSorted());
  });

  test.each(parts.flat())("%s", (name) => {
    const of = [...ends].filter(([each]) => each.startsWith(name));
    expect(of).not.toEqual([]);
    for (const [, { outcome, text }] of of) expect({ outcome, text }).toMatchObject({ outcome: "passed" });
  });
});
