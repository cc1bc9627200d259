import { join } from "node:path";
import { inject } from "vitest";
import type { BrokerName } from "../../../../../scripts/vitest/vhost.ts";
import { type Ends, ourWorker, runPytest, type Whose } from "../pytest.ts";

/** A part of Celery's smoke tests, to run by itself. */
export interface SmokePart {
  /** Python of the venv that has the tests beside it. */
  readonly python: string;
  readonly whose: Whose;
  readonly broker: BrokerName;
  /** Cases, classes or files: `test_canvas.py`, `quorum_queues/test_qos.py`. */
  readonly select: readonly string[];
}

const folder = import.meta.dirname;
/** Each case waits for its worker, and up to 60 s for a result. */
const caseTimeoutSeconds = 180;

/** Runs a part of the smoke tests as they are, but without containers: each case with a vhost, Redis and workers of its own. */
export function runSmoke({ python, whose, broker, select }: SmokePart): Promise<Ends> {
  const amqp = inject(broker === "newest" ? "newestAmqpUrl" : "amqpUrl") ?? "";
  const management = inject(broker === "newest" ? "newestManagementUrl" : "managementUrl") ?? "";
  const ours = whose === "our" ? { LEVERET_SMOKE_WORKER: JSON.stringify(ourWorker(join(folder, "worker.ts"))) } : {};
  return runPytest({
    python,
    plugins: ["pytest_celery.plugin", "leveret_smoke"],
    path: [folder],
    args: ["-o", "addopts=", "--timeout", String(caseTimeoutSeconds), ...select.map((word) => `t/smoke/tests/${word}`)],
    env: {
      ...ours,
      LEVERET_SMOKE_AMQP: amqp,
      LEVERET_SMOKE_MANAGEMENT: management,
      LEVERET_SMOKE_REDIS: JSON.stringify(inject("redisProgram")),
    },
  });
}
