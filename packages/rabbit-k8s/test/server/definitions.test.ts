import { describe, expect, it } from "vitest";
import type { ModernProps } from "../../src/cluster/props.ts";
import { resolveCluster } from "../../src/cluster/resolve.ts";
import { definitionSecrets, renderDefinitions } from "../../src/server/definitions.ts";
import { everything } from "../samples.ts";

const render = (props: ModernProps): Record<string, unknown[]> =>
  JSON.parse(renderDefinitions(resolveCluster(props).cluster)) as Record<string, unknown[]>;

const shovel = (version: string): unknown =>
  render({
    namespace: "messaging",
    version,
    vhosts: [{ name: "a/b" }],
    queues: [{ name: "urgent", vhost: "a/b", type: "classic", arguments: { "x-max-priority": 5 } }],
    shovels: [
      {
        name: "mover",
        vhost: "a/b",
        source: { queue: "urgent" },
        destination: { exchange: "amq.topic", routingKey: "k" },
      },
    ],
  })["parameters"]?.[0];

describe("definitions", () => {
  it("give the default queue type to the vhost, both ways versions read it", () => {
    expect(render({ namespace: "messaging", version: "3.10.8" })["vhosts"]).toEqual([
      {
        name: "/",
        description: "",
        tags: [],
        default_queue_type: "quorum",
        metadata: { description: "", tags: [], default_queue_type: "quorum" },
      },
    ]);
  });

  it("say a queue's type even where the vhost has it, except where it is classic by default", () => {
    const queues = [
      { name: "a", vhost: "/" },
      { name: "b", vhost: "/", type: "classic" },
      { name: "c", vhost: "/", autoDelete: true },
      { name: "d", vhost: "c" },
    ] as const;
    const vhosts = [{ name: "/" }, { name: "c", defaultQueueType: "classic" }] as const;
    const rendered = render({ namespace: "messaging", version: "3.10.8", vhosts, queues })["queues"];
    expect(rendered?.map((queue) => (queue as { arguments: unknown }).arguments)).toEqual([
      { "x-queue-type": "quorum" },
      { "x-queue-type": "classic" },
      {},
      {},
    ]);
  });

  it("leave it out where no release has it", () => {
    const { vhosts } = render({ namespace: "messaging", version: "3.10.7", defaultQueueType: "classic" });
    expect(JSON.stringify(vhosts)).not.toContain("default_queue_type");
  });

  it("let a shovel within the cluster wait for its queues from 4.0 on", () => {
    expect(shovel("4.0.5")).toMatchObject({
      component: "shovel",
      vhost: "a/b",
      value: {
        "src-uri": "amqp:///a%2Fb",
        "src-queue": "urgent",
        "src-predeclared": true,
        "dest-exchange": "amq.topic",
        "dest-exchange-key": "k",
      },
    });
  });

  it("let it declare them alike before, for it starts before they are imported", () => {
    expect(shovel("3.13")).toMatchObject({
      value: { "src-queue-args": { "x-queue-type": "classic", "x-max-priority": 5 } },
    });
  });

  it("name every secret they need, once", () => {
    expect(
      definitionSecrets(resolveCluster(everything("4.3.6")).cluster).map(({ name, key }) => `${name}/${key}`),
    ).toEqual([
      "orders-default-user/username",
      "orders-default-user/password",
      "web-user/password",
      "berlin/uri",
      "old/uri",
    ]);
  });
});
