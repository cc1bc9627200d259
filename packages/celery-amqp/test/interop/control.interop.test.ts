import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Worker } from "../../src/worker.ts";
import { pairings } from "@leveret/test-support/pairings";
import { freshQueue, ourWorker } from "./support/ours.ts";
import { PythonClient } from "@leveret/test-support/python";

// What our worker is told by its own program, as a Python caller sees it.

for (const { label, brokerUrl, python, absent } of pairings()) {
  describe.skipIf(absent)(`a task of a Python client with ${label}`, () => {
    let client: PythonClient;
    let worker: Worker;
    let queue: string;

    beforeAll(async () => {
      client = new PythonClient({ python, brokerUrl });
      await client.ready();
    });
    afterAll(() => client.stop());

    beforeEach(async () => {
      queue = freshQueue("controlled");
      worker = await ourWorker(brokerUrl, queue);
    });
    afterEach(() => worker.stop({ grace: 0 }));

    function stamped(stamps: string): string {
      const signature = `app.signature('interop.add', args=[2, 3], queue='${queue}')`;
      return `${signature}.stamp(${stamps}).apply_async().get(timeout=150)`;
    }

    test.each(["tenant='blue'", "tenant=['red', 'blue']", "owner='me', tenant='blue'"])(
      "that carries a revoked stamp does not run: %s",
      async (stamps) => {
        worker.revoke({ stamps: { tenant: "blue" } });
        expect(await client.answer(stamped(stamps))).toMatchObject({ error: "TaskRevokedError", message: "revoked" });
        expect(await client.value(stamped("tenant='green'"))).toBe(5);
      },
    );

    test("that is terminated ends as Python's own would", async () => {
      const begun = new Promise<string>((resolve) => worker.on("taskStarted", ({ task }) => resolve(task.id)));
      const ended = client.answer(`app.send_task('interop.hold', queue='${queue}').get(timeout=150)`);
      expect(worker.revoke(await begun, { terminate: true }).running).toHaveLength(1);
      expect(await ended).toMatchObject({ error: "TaskRevokedError", message: "terminated" });
    });
  });
}
