import { chain, defineTask, group } from "@leveret/celery-amqp";

// Tasks of a test of pools: handlers that send what routes have a say in.

const target = defineTask<(given?: unknown) => unknown>("t.target");

export const sendsOne = defineTask("sending.one", async ({ client }) => {
  await client.send(target.si().with({ priority: 0, persistent: true }));
});

export const sendsLinked = defineTask("sending.linked", async ({ client }) => {
  const errback = defineTask("t.errback");
  await client.send(target.si().with({ link: target.si().with({ priority: 2 }), linkError: errback.si() }));
});

export const sendsGroup = defineTask("sending.group", async ({ client }) => {
  await client.send(group(target.si().with({ priority: 0, persistent: true }), target.si()));
});

export const sendsChain = defineTask("sending.chain", async ({ client }) => {
  await client.send(chain(target.si(), target.si()));
});

export const sendsKeyed = defineTask("sending.keyed", async ({ client }) => {
  const keyed = defineTask<(key: string) => unknown>("s.keyed");
  for (const key of ["a", "b", "a"]) await client.send(keyed, key);
  await client.send(keyed.s("a").with({ shardKey: "b" }));
});
