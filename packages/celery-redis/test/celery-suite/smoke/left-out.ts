/** Files of Celery's smoke tests that judge a worker by what it does. */
export const filesTried: readonly string[] = [
  "test_canvas.py",
  "quorum_queues",
  "stamping",
  "failover",
  "test_control.py",
  "test_tasks.py",
  "test_revoke.py",
  "test_query_task.py",
  "test_gossip.py",
  "test_rpc_backend.py",
  "test_task_queue_default_exchange.py",
  "test_task_queue_max_priority.py",
  "test_task_queue_routing_key.py",
  "test_disabled_backend.py",
  "test_chord_headers_exchange.py",
];

/** The others, each with what it tries. */
export const filesLeftOut: Readonly<Record<string, string>> = {
  "test_autoscale.py": "the autoscaler of Python's prefork pool",
  "test_beat_remote_control.py": "Python's beat",
  "test_beat_shutdown.py": "Python's beat",
  "test_callback_publish_retry.py": "a worker in the test's process",
  "test_concurrency_auto.py": "the command line of Python's worker",
  "test_consumer.py": "log lines of Python's worker",
  "test_dedup_chain_dispatch.py": "deduplication of successful tasks",
  "test_memcached_backend.py": "the backend of memcached",
  "test_redis_backend_gevent.py": "gevent",
  "test_redis_backend_reentrant.py": "Python's garbage collection",
  "test_revoked_sync.py": "log lines of Python's worker",
  "test_signals.py": "signals of Python's worker",
  "test_thread_safe.py": "threads of a Python client",
  "test_worker.py": "pools, signals and log lines of Python's worker",
  "test_worker_heartbeats.py": "Redis for a broker",
  "test_worker_shutdown_acks.py": "log lines of Python's worker",
};

const words = "reads log lines of Python's worker";
const files = "wants a result backend of files";
const early = "looks for a callback that may not have run yet";
const processes = "lists the processes of Python's pool in a container";

/** Cases that are otherwise here, by the beginnings of their names, each with the reason. */
export const otherwiseHere: Readonly<Record<string, string>> = {
  "quorum_queues/test_native_delayed_delivery.py::test_broker_configuration_classic::test_native_delayed_delivery_queue_configuration":
    "queues of the broker's delay are quorum queues, whatever Python's setting says",
  "quorum_queues/test_qos.py::test_quorum_qos_prefetch_reduction_skipped_on_reconnect": words,
  "stamping/test_revoke.py::test_revoke_by_stamped_headers::test_revoke_by_stamped_headers_before_publish": words,
  "stamping/test_visitor.py": early,
  "failover/test_broker_failover.py::test_broker_failover::test_broker_failover_ui": words,
  "test_chord_headers_exchange.py": files,
  "test_control.py::test_control::test_report": "reads the report of Python's worker",
  "test_control.py::test_pending_operation_order": "asks for commands of its own in Python's worker",
  "test_control.py::test_revoke_chord_member": words,
  "test_query_task.py": "a task that is due later than 2 s waits in the broker, where no worker has it",
  "test_tasks.py::test_task_termination::test_terminated_task_logs_correct_error": words,
  "test_tasks.py::test_task_termination::test_child_process_respawn": processes,
  "test_tasks.py::test_retry_on_worker_lost": words,
};

/** Cases that fail with Python's worker under the stand-in, likewise. */
export const otherwiseThere: Readonly<Record<string, string>> = {
  "failover/test_broker_failover.py::test_broker_failover::test_broker_failover_ui":
    "expects the host name of a container in the log",
  "stamping/test_visitor.py": early,
  "test_control.py::test_pending_operation_order": "wants gevent",
  "test_tasks.py::test_task_termination::test_child_process_respawn": processes,
};
