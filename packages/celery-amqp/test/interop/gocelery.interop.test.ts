import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { CeleryError, createClient, defineTask, ResultTimeoutError } from "../../src/index.ts";
import { createWorker } from "../../src/worker.ts";
import { GoWorker, goSend } from "./support/gocelery.ts";

// gocelery knows one queue (`celery`), protocol 1 and a result queue per task. Its client steals tasks: a vhost per case.

const peer = inject("peers").gocelery;
const binary = "path" in peer ? peer.path : "";
const add = defineTask("tasks.add", (_ctx, x: number, y: number) => x + y);
const sendSms = defineTask("tasks.send_sms", {
  keywords: true,
  run: (_ctx, { phone, text }: { phone: string; text: string }) => `${phone}: ${text}`,
});
const fail = defineTask("tasks.fail", (): never => {
  throw new Error("never heard of in Go");
});

async function withOurWorker<T>(brokerUrl: string, use: () => Promise<T>): Promise<T> {
  const worker = createWorker({
    broker: brokerUrl,
    tasks: [add, sendSms, fail],
    results: "amqp",
    logLevel: "error",
  });
  await worker.start();
  try {
    return await use();
  } finally {
    await worker.stop();
  }
}

describe.skipIf("missing" in peer)(`gocelery ${"missing" in peer ? `(${peer.missing})` : ""}`, () => {
  let vhost: TestVhost;

  beforeEach(async () => {
    vhost = await freshVhost();
  });

  afterEach(async () => {
    await vhost.remove();
  });

  describe("as client of our worker", () => {
    test("gets a sum", async () => {
      const answer = await withOurWorker(vhost.url, () => goSend(binary, vhost.url, ["send", "tasks.add", "[2, 3]"]));
      expect(answer).toMatchObject({ code: 0, stdout: "5\n" });
    });

    test("calls by keyword arguments", async () => {
      const kwargs = JSON.stringify({ phone: "+98 21", text: "سلام" });
      const answer = await withOurWorker(vhost.url, () =>
        goSend(binary, vhost.url, ["send-kwargs", "tasks.send_sms", kwargs]),
      );
      expect(answer).toMatchObject({ code: 0, stdout: '"+98 21: سلام"\n' });
    });
  });

  describe("as worker of our client", () => {
    let worker: GoWorker;

    beforeEach(async () => {
      worker = new GoWorker(binary, vhost.url);
      await worker.ready();
    });

    afterEach(async () => {
      await worker.stop();
    });

    test("adds, by protocol 1 and a result queue per task", async () => {
      await using client = createClient({
        broker: vhost.url,
        results: "amqp",
        routes: { "*": { queue: "celery", protocol: 1 } },
      });
      expect(await client.call(add, 2, 3)).toBe(5);
      expect(await client.call(add, 20, 30)).toBe(50);
    });

    test("takes keyword arguments", async () => {
      await using client = createClient({
        broker: vhost.url,
        results: "amqp",
        routes: { "*": { queue: "celery", protocol: 1 } },
      });
      expect(await client.call(sendSms, { phone: "+98 21", text: "salaam" })).toBe("+98 21: salaam");
    });

    test("answers nothing to what it does not know: we time out", async () => {
      await using client = createClient({
        broker: vhost.url,
        results: "amqp",
        routes: { "*": { queue: "celery", protocol: 1 } },
      });
      const result = await client.sendByName("tasks.nobody", { args: [] });
      await expect(result.get({ timeout: "2s" })).rejects.toBeInstanceOf(ResultTimeoutError);
    });

    test("is never sent an eta, which it would ignore", async () => {
      await using client = createClient({
        broker: vhost.url,
        results: "amqp",
        routes: { "*": { queue: "celery", protocol: 1 } },
      });
      const refused = await client.send(add.with({ countdown: "1h" }), 1, 1).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(CeleryError);
      expect(refused).toMatchObject({ code: "option-invalid" });
    });

    test("runs a task that expires later", async () => {
      await using client = createClient({
        broker: vhost.url,
        results: "amqp",
        routes: { "*": { queue: "celery", protocol: 1 } },
      });
      expect(await client.call(add.with({ expires: "1h" }), 1, 1)).toBe(2);
    });
  });
});
