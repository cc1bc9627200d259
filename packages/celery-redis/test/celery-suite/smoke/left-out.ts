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
  "test_consumer.py",
];

/** The others, each with what it tries. */
export const filesLeftOut: Readonly<Record<string, string>> = {
  "test_autoscale.py": "the autoscaler of Python's prefork pool",
  "test_beat_remote_control.py": "Python's beat",
  "test_beat_shutdown.py": "Python's beat",
  "test_callback_publish_retry.py": "a worker in the test's process",
  "test_concurrency_auto.py": "the command line of Python's worker",
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

/** Cases that are otherwise here, by the beginnings of their names, each with the reason. */
export const otherwiseHere: Readonly<Record<string, string>> = {
  "quorum_queues/test_native_delayed_delivery.py::test_broker_configuration_classic::test_native_delayed_delivery_queue_configuration":
    "queues of the broker's delay are quorum queues, whatever Python's setting says",
  "quorum_queues/test_qos.py::test_quorum_qos_prefetch_reduction_skipped_on_reconnect": words,
  "stamping/test_revoke.py::test_revoke_by_stamped_headers::test_revoke_by_stamped_headers_before_publish": words,
  "failover/test_broker_failover.py::test_broker_failover::test_broker_failover_ui": words,
};

/** Cases that fail with Python's worker under the stand-in, likewise. */
export const otherwiseThere: Readonly<Record<string, string>> = {
  "failover/test_broker_failover.py::test_broker_failover::test_broker_failover_ui":
    "expects the host name of a container in the log",
};
