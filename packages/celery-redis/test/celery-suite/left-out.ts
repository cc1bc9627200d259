const signals = "listens to signals of a worker in the process of the test";
const logs = "reads the log records of a worker in the process of the test";

/** Cases that no worker in a process of its own can pass, Python's as little as ours, each with the reason. */
export const needTheProcess: Readonly<Record<string, string>> = {
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

/** Cases that are otherwise here on purpose (docs/compatibility.md), each with the reason. */
export const otherwiseHere: Readonly<Record<string, string>> = {
  "test_inspect.py::test_Inspect::test_scheduled":
    "a task due later than 2 s waits in the broker, where no worker has it",
};

/** Files of the suite that are tried, in the order of their names. */
export const filesTried: readonly string[] = ["test_canvas.py", "test_inspect.py", "test_tasks.py"];

/** Files of the suite that start Python workers themselves, or none, each with what they try. */
export const filesLeftOut: Readonly<Record<string, string>> = {
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
};
