import { beforeAll, describe, expect, inject, test } from "vitest";
import { releases } from "./left-out.ts";
import { type Ends, joined } from "./pytest.ts";
import { runSuite, suiteFiles } from "./suite.ts";

// Part of the client side of Celery's own integration suite, as it is, with our worker in place of Python's: what is quick
// of each kind. The whole of it is in celery-suite.long.test.ts.

const peer = inject("peers").latestCelery;
const { filesTried, filesLeftOut } = releases["5.7.0"];

/** Each runs beside the others, with a worker of its own. */
const parts = [
  [
    "test_canvas.py::test_link_error::test_link_error_callback_retries",
    "test_canvas.py::test_link_error::test_link_error_using_signature",
    "test_canvas.py::test_chain::test_simple_chain",
    "test_canvas.py::test_chain::test_complex_chain",
    "test_canvas.py::test_chain::test_chain_on_error",
    "test_canvas.py::test_chain::test_group_chord_group_chain",
    "test_canvas.py::test_chain::test_second_order_replace",
    "test_canvas.py::test_chain::test_groupresult_serialization",
    "test_canvas.py::test_chain::test_chain_of_nine_chords",
    "test_canvas.py::test_chain::test_chain_replaced_with_a_chain_and_an_error_callback",
    "test_canvas.py::test_chain::test_replace_chain_with_empty_chain",
    "test_canvas.py::test_chain::test_chain_child_with_errback_replaced",
    "test_canvas.py::test_chain::test_group_in_center_of_chain",
    "test_canvas.py::test_chain::test_replace_with_chain_that_contains_a_group",
    "test_canvas.py::test_link_error::test_mutable_errback_with_stored_arguments[old-style-args]",
    "test_canvas.py::test_link_error::test_mutable_errback_with_stored_arguments[old-style-kwargs]",
  ],
  [
    "test_canvas.py::test_group::test_parent_ids",
    "test_canvas.py::test_group::test_nested_group_chord_counting_mixed",
    "test_canvas.py::test_group::test_nested_group_chord_counting_group",
    "test_canvas.py::test_chord::test_nested_chord",
    "test_canvas.py::test_chord::test_parent_ids",
    "test_canvas.py::test_chord::test_replaced_nested_chord",
    "test_canvas.py::test_chord::test_add_to_chord",
    "test_canvas.py::test_chord::test_add_chord_to_chord",
    "test_canvas.py::test_chord::test_group_kwargs",
    "test_canvas.py::test_chord::test_empty_header_chord",
    "test_canvas.py::test_chord::test_chord_in_chords_with_chains",
  ],
  [
    "test_canvas.py::test_chord::test_chord_error_propagation_with_different_body_types[body is a group]",
    "test_canvas.py::test_chord::test_chord_error_propagation_with_different_body_types[body is a chord]",
    "test_canvas.py::test_signature_serialization::test_rebuild_nested_chain_chord",
    "test_canvas.py::test_signature_serialization::test_rebuild_nested_chord_group",
    "test_canvas.py::test_stamping_mechanism::test_stamping_example_canvas",
    "test_tasks.py::test_class_based_tasks::test_class_based_task_retried",
    "test_tasks.py::test_tasks::test_basic_task",
    "test_tasks.py::test_tasks::test_reject_without_requeue_stores_failure",
    "test_tasks.py::test_tasks::test_reject_with_requeue_redelivers_and_succeeds",
    "test_tasks.py::test_tasks::test_fail",
    "test_tasks.py::test_tasks::test_wrong_arguments",
    "test_tasks.py::test_tasks::test_fail_with_unpickleable_exception",
    "test_tasks.py::test_tasks::test_task_retried_priority",
    "test_tasks.py::test_tasks::test_task_retried_headers",
    "test_tasks.py::test_tasks::test_properties",
    "test_tasks.py::test_tasks::test_retry_switches_from_kwargs_to_args",
    "test_tasks.py::test_tasks::test_retry_switches_from_args_to_kwargs",
    "test_group_chains.py::test_group_chains::test_large_group_pipeline",
    "test_inspect.py::test_Inspect::test_registered",
    "test_inspect.py::test_Inspect::test_active_queues",
    "test_inspect.py::test_Inspect::test_query_task",
  ],
] as const;

describe.skipIf("missing" in peer)("Celery's integration suite with our worker", () => {
  let ends: Ends;

  beforeAll(async () => {
    const python = "path" in peer ? peer.path : "";
    const runs = await Promise.all(parts.map((select) => runSuite({ python, whose: "our", select })));
    ends = joined(runs);
  });

  test("has no file that is neither tried nor left out with a reason", async () => {
    const files = await suiteFiles("path" in peer ? peer.path : "");
    expect(files.filter((file) => !(file in filesLeftOut))).toEqual(filesTried.toSorted());
  });

  test.each(parts.flat())("%s", (name) => {
    expect(ends.get(name)).toMatchObject({ outcome: "passed" });
  });
});
