import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type BrokerName, freshVhost } from "../../../../scripts/vitest/vhost.ts";
import { ownRedis } from "../support/redis.ts";
import { type Ends, ourWorker, runPytest, suiteOf, type Whose } from "./pytest.ts";

/** A part of the integration suite, to run by itself. */
export interface SuitePart {
  /** Python of the venv that has the suite beside it. */
  readonly python: string;
  readonly whose: Whose;
  /** Whether our worker fails chords that cannot end, as Celery does from 5.7 on. Default true. */
  readonly failsUnfinishable?: boolean;
  /** Default: the distribution's RabbitMQ. */
  readonly broker?: BrokerName;
  /** Cases, classes or files: `test_tasks.py`, `test_canvas.py::test_chain`. */
  readonly select: readonly string[];
  /** Cases to leave out. */
  readonly leaveOut?: readonly string[];
}

const folder = import.meta.dirname;
/** The suite waits without end for some of its results. */
const caseTimeoutSeconds = 300;

/**
 * Runs a part of the suite's client side as it is, with a broker's vhost, a Redis and a worker of its own.
 *
 * @returns the end of each case, by its name
 */
export async function runSuite(part: SuitePart): Promise<Ends> {
  const { python, whose, failsUnfinishable = true, broker, select, leaveOut = [] } = part;
  const [vhost, redis] = await Promise.all([freshVhost(broker), ownRedis()]);
  const worker = whose === "our" ? ourWorker(join(folder, "worker.ts")) : [python, join(folder, "python_worker.py")];
  const cases = [...select, ...leaveOut.flatMap((name) => ["--deselect", name])].map((word) =>
    word.startsWith("test_") ? `t/integration/${word}` : word,
  );
  try {
    return await runPytest({
      python,
      plugins: ["celery.contrib.pytest", "leveret_suite"],
      path: [],
      args: ["--timeout", String(caseTimeoutSeconds), ...cases],
      env: {
        TEST_BROKER: vhost.url.replace(/^amqp:/, "pyamqp:"),
        TEST_BACKEND: redis.url,
        REDIS_HOST: "127.0.0.1",
        REDIS_PORT: String(redis.port),
        LEVERET_SUITE_UNFINISHABLE: failsUnfinishable ? "fail" : "wait",
        LEVERET_SUITE_WORKER: JSON.stringify([...worker, vhost.url, redis.url]),
      },
    });
  } finally {
    await Promise.all([vhost.remove(), redis.stop()]);
  }
}

/** Names of the suite's files of tests. */
export async function suiteFiles(python: string): Promise<readonly string[]> {
  const names = await readdir(join(suiteOf(python), "t/integration"));
  return names.filter((name) => name.startsWith("test_") && name.endsWith(".py")).toSorted();
}
