import { connect } from "amqplib";
import { expect, inject, test } from "vitest";
import { freshVhost } from "../../../scripts/vitest/vhost.ts";

test("serves", async () => {
  const vhost = await freshVhost();
  const c = await connect(vhost.url);
  await c.close();
  await vhost.remove();
  expect(inject("amqpUrl")).toContain("amqp:");
});
