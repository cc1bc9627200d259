const signals = "listens to signals of a worker in the process of the test";
const logs = "reads the log records of a worker in the process of the test";
const memory = "looks into the memory of a worker in the process of the test";

/** A release of Celery and what of its integration suite can meet a worker in another process. */
export interface Release {
  readonly version: string;
  /** Whether its worker fails chords that cannot end. */
  readonly failsUnfinishable: boolean;
  /** Files of the suite that are tried, in their order. */
  readonly filesTried: readonly string[];
  /** Files of the suite that start Python workers themselves, or none, each with what they try. */
  readonly filesLeftOut: Readonly<Record<string, string>>;
  /** Cases that no worker in a process of its own can pass, Python's as little as ours, each with the reason. */
  readonly needTheProcess: Readonly<Record<string, string>>;
  /** Cases that are otherwise here on purpose (docs/compatibility.md), each with the reason. */
  readonly otherwiseHere: Readonly<Record<string, string>>;
  /** How many there are, at least. */
  readonly cases: number;
}

/** Of both releases. */
const processOfBoth: Readonly<Record<string, string>> = {
  "test_canvas.py::test_stamping_mechanism::test_task_received_has_access_to_stamps": signals,
  "test_canvas.py::test_stamping_mechanism::test_linking_stamped_sig": signals,
  "test_canvas.py::test_stamping_mechanism::test_err_linking_stamped_sig": signals,
  "test_inspect.py::test_Inspect::test_conf": "asks for settings that only the test's own app has",
  "test_inspect.py::test_Inspect::test_stats": "compares the worker's process id with the test's",
  "test_tasks.py::test_tasks::test_revoked_by_headers_simple_canvas":
    "clears what the worker has noted as revoked from inside of its process",
  "test_tasks.py::test_trace_log_arguments::test_task_success": logs,
  "test_tasks.py::test_trace_log_arguments::test_task_failed": logs,
  "test_tasks.py::test_task_replacement::test_replaced_task_nesting_level_0": signals,
  "test_tasks.py::test_task_replacement::test_replaced_task_nesting_level_1": signals,
  "test_tasks.py::test_task_replacement::test_replaced_task_nesting_chain": signals,
};

const otherwiseInBoth: Readonly<Record<string, string>> = {
  "test_inspect.py::test_Inspect::test_scheduled":
    "a task due later than 2 s waits in the broker, where no worker has it",
};

const unknownIds = "nothing is stored for a revoked id that no worker has";

/** The releases whose suites are run. */
export const releases: Readonly<Record<"5.6.3" | "5.7.0", Release>> = {
  "5.6.3": {
    version: "5.6.3",
    failsUnfinishable: false,
    filesTried: ["test_canvas.py", "test_inspect.py", "test_tasks.py"],
    filesLeftOut: {
      "test_backend.py": "the backend of Azure",
      "test_dedup_chain_dispatch.py": "a worker in the test's process, with deduplication of successful tasks",
      "test_django_settings.py": "no test: settings of test_worker.py",
      "test_loader.py": "how Python finds its modules",
      "test_mem_leak_in_exception_handling.py": "the memory of Python's own process",
      "test_native_delayed_delivery_binding.py": "the bindings that Python's worker declares",
      "test_prefork_shutdown.py": "Python's prefork pool",
      "test_quorum_queue_qos_cluster_simulation.py": "a broker at a fixed address, a worker in the test's process",
      "test_rabbitmq_chord_unlock_routing.py": "a broker at a fixed address, a worker in the test's process",
      "test_rabbitmq_default_queue_type_fallback.py": "a broker at a fixed address, a worker in the test's process",
      "test_rabbitmq_quorum_queue_cycle_detection.py": "a broker at a fixed address, a worker in the test's process",
      "test_security.py": "signed tasks, which Celery expects to fail too",
      "test_serialization.py": "the command line of Python's worker",
      "test_serialization_config.py": "no test: settings of test_serialization.py",
      "test_worker.py": "the command line of Python's worker",
      "test_worker_config.py": "no test: settings of test_worker.py",
    },
    needTheProcess: processOfBoth,
    otherwiseHere: otherwiseInBoth,
    cases: 226,
  },
  "5.7.0": {
    version: "5.7.0",
    failsUnfinishable: true,
    // The second counts the channels of Redis: before others have left some.
    filesTried: ["test_canvas.py", "test_redis_backend.py", "test_group_chains.py", "test_inspect.py", "test_tasks.py"],
    filesLeftOut: {
      "test_backend.py": "the backend of Azure",
      "test_backend_leak_in_fixture_teardown.py": "the memory of Python's own process",
      "test_beat.py": "Python's beat",
      "test_cache_backend.py": "the backend of memcached",
      "test_connection_recovery.py": "Python's connections, in the test's process",
      "test_database_backend.py": "the backend of databases",
      "test_events_state_memory_leak.py": "the memory of Python's own process",
      "test_loader.py": "how Python finds its modules",
      "test_logfile_format.py": "the command line of Python's worker",
      "test_mem_leak_in_exception_handling.py": "the memory of Python's own process",
      "test_request_backend_down.py": "a worker in the test's process, without its backend",
      "test_security.py": "signed tasks, which Celery expects to fail too",
      "test_serialization.py": "the command line of Python's worker",
      "test_upgrade.py": "the command that upgrades Python's settings",
      "test_worker.py": "the command line of Python's worker",
    },
    needTheProcess: {
      ...processOfBoth,
      "test_inspect.py::test_Inspect::test_hello_stamps_received_revoked_ids_locally": memory,
      "test_tasks.py::test_tasks::test_send_task_without_ignore_result_uses_task_ignore_result": memory,
      "test_tasks.py::test_tasks::test_send_task_without_ignore_result_stores_result": memory,
      "test_tasks.py::test_task_redis_result_backend::test_retry_preserves_ignore_result_false": memory,
      "test_tasks.py::test_task_redis_result_backend::test_retry_preserves_ignore_result_true": memory,
      "test_tasks.py::test_signal_bound_method_receivers::test_each_instance_receives": signals,
      "test_tasks.py::test_signal_bound_method_receivers::test_disconnect_leaves_other_instance_connected": signals,
      "test_tasks.py::test_signal_bound_method_receivers::test_other_instance_receives_after_garbage_collection":
        signals,
    },
    otherwiseHere: {
      ...otherwiseInBoth,
      "test_canvas.py::test_chord::test_chord_on_error": "the parts of a failed chord are deleted",
      "test_canvas.py::test_chord::test_nested_chord_header_link_error":
        "the chord around a failed chord is told, where Celery lets it wait",
      "test_canvas.py::test_chord::test_error_propagates_from_chord": "passes, where Celery expects it to fail",
      "test_inspect.py::test_Inspect::test_report": "the report names Leveret, and not Celery",
      "test_tasks.py::test_tasks::test_revoke_keeps_state_of_task_started_elsewhere[STARTED]": unknownIds,
      "test_tasks.py::test_tasks::test_revoke_keeps_state_of_task_started_elsewhere[PROGRESS]": unknownIds,
    },
    cases: 345,
  },
};
