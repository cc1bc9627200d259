import { readFileSync } from "node:fs";
import { join } from "node:path";
import { signed } from "@leveret/celery-codecs";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { type Client, createClient, type CeleryEvent } from "../../src/index.ts";
import { createWorker, type Worker } from "../../src/worker.ts";
import { pairings } from "@leveret/test-support/pairings";
import { ourTasks } from "./support/ours.ts";
import { PythonClient, PythonWorker } from "@leveret/test-support/python";

// A fleet in which every message is signed, with Celery's `setup_security` on one side and one setting on ours.

const signers = join(import.meta.dirname, "../../../celery-codecs/test/fixtures/signers");
const pem = (name: string): string => readFileSync(join(signers, name), "utf8");

const auth = signed({
  privateKey: pem("signer.key.pem"),
  certificate: pem("signer.cert.pem"),
  trusted: [pem("signer.cert.pem"), pem("stranger.cert.pem")],
});
/** The one setting. */
const isSigned = { serializers: [auth], accept: ["auth"] };

const conf = {
  security_key: join(signers, "stranger.key.pem"),
  security_certificate: join(signers, "stranger.cert.pem"),
  security_cert_store: join(signers, "s*r.cert.pem"),
  task_serializer: "auth",
  result_serializer: "auth",
  event_serializer: "auth",
  accept_content: ["auth"],
  result_accept_content: ["auth"],
};

const theirs = "theirs@interop";
const ours = "ours@interop";
const both = { destination: [theirs, ours], timeout: "150s" } as const;

for (const { label, brokerUrl, python, absent } of pairings()) {
  describe.skipIf(absent)(`a signed fleet with ${label}`, () => {
    let vhost: TestVhost;
    let python3: PythonClient;
    let theirWorker: PythonWorker;
    let ourWorker: Worker;
    let client: Client;

    beforeAll(async () => {
      vhost = await freshVhost(brokerUrl === inject("amqpUrl") ? "distribution" : "newest");
      const there = { python, brokerUrl: vhost.url, conf };
      python3 = new PythonClient(there);
      theirWorker = new PythonWorker({ ...there, queues: ["theirs"], name: "theirs", sociable: true });
      ourWorker = createWorker({
        broker: vhost.url,
        tasks: ourTasks,
        queues: ["ours"],
        name: ours,
        events: true,
        logLevel: "error",
        ...isSigned,
      });
      client = createClient({ broker: vhost.url, ...isSigned });
      await Promise.all([ourWorker.start(), python3.ready(), theirWorker.ready()]);
    });
    afterAll(async () => {
      await Promise.all([client?.close(), ourWorker?.stop({ grace: 0 }), theirWorker?.stop(), python3?.stop()]);
      await vhost?.remove();
    });

    test.each(["ours", "theirs"])("our client calls tasks of %s, and reads results and failures", async (queue) => {
      const sum = await client.sendByName("interop.add", { args: [2, 3], queue });
      expect(await sum.get({ timeout: "150s" })).toBe(5);
      const failing = await client.sendByName("interop.fail", { args: ["boom"], queue });
      await expect(failing.get({ timeout: "150s" })).rejects.toThrow(/ValueError: boom/);
    });

    test.each(["ours", "theirs"])(
      "Celery's client calls tasks of %s, and reads results and failures",
      async (queue) => {
        const call = (task: string, args: string) =>
          python3.answer(`app.send_task('${task}', ${args}, queue='${queue}').get(timeout=150)`);
        expect(await call("interop.add", "[2, 3]")).toMatchObject({ value: "5" });
        expect(await call("interop.fail", "['boom']")).toMatchObject({ error: "ValueError", message: "boom" });
      },
    );

    test("both clients ask both workers", async () => {
      expect(await client.inspect.ping(both)).toEqual({ [theirs]: { ok: "pong" }, [ours]: { ok: "pong" } });
      const asked = await python3.value(
        `app.control.broadcast('ping', destination=['${theirs}', '${ours}'], timeout=150, reply=True, limit=2)`,
      );
      expect(Object.assign({}, ...(asked as object[]))).toEqual({ [theirs]: { ok: "pong" }, [ours]: { ok: "pong" } });
    });

    test("our client hears of both workers", async () => {
      const stream = client.events({ signal: AbortSignal.timeout(150_000) });
      await stream.opened;
      void client.control.heartbeat({ timeout: 0 });
      const heard = new Set<CeleryEvent["hostname"]>();
      for await (const { hostname } of stream) {
        heard.add(hostname);
        if (heard.has(theirs) && heard.has(ours)) break;
      }
      expect([...heard]).toEqual(expect.arrayContaining([theirs, ours]));
    });

    test("neither side takes what is not signed, and ours says why", async () => {
      await using unsigned = createClient({ broker: vhost.url, accept: ["json", "auth"], serializers: [auth] });
      const call = await unsigned.sendByName("interop.add", { args: [2, 3], queue: "ours" });
      await expect(call.get({ timeout: "150s" })).rejects.toThrow(/ContentDisallowed/);
      expect(await unsigned.inspect.ping({ ...both, timeout: "1s" })).toEqual({});
    });
  });
}
