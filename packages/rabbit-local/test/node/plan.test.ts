import { expect, test } from "vitest";
import { type ClusterRequest, countPorts, planNodes } from "../../src/node/plan.ts";

const one: ClusterRequest = { place: "machine", folder: "/f", nodes: 1, port: null, plugins: [], conf: {} };

test("a node listens on loopback only, and its log goes where it can be followed", () => {
  const [node] = planNodes(one, [21_001, 21_002]);
  expect(node).toEqual({
    number: 1,
    name: "rabbit1@localhost",
    folder: "/f/node1",
    amqpPort: 21_001,
    distributionPort: 21_002,
    pluginPorts: {},
    conf: "listeners.tcp.1 = 127.0.0.1:21001\nlog.console = true\nlog.file = false\n",
    enabledPlugins: "[].\n",
  });
});

test("each plugin that serves a port is given one", () => {
  const plugins = ["rabbitmq_management", "rabbitmq_shovel", "rabbitmq_mqtt"];
  const request = { ...one, plugins };
  expect(countPorts(request)).toBe(4);
  const [node] = planNodes(request, [1, 2, 3, 4]);
  expect(node?.pluginPorts).toEqual({ rabbitmq_management: 3, rabbitmq_mqtt: 4 });
  expect(node?.conf).toContain("management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = 3\n");
  expect(node?.conf).toContain("mqtt.listeners.tcp.1 = 127.0.0.1:4\n");
  expect(node?.enabledPlugins).toBe("[rabbitmq_management,rabbitmq_shovel,rabbitmq_mqtt].\n");
});

test("a setting of the caller's takes the place of ours", () => {
  const [node] = planNodes({ ...one, conf: { "log.console": "false", channel_max: "7" } }, [1, 2]);
  expect(node?.conf).toBe("listeners.tcp.1 = 127.0.0.1:1\nlog.console = false\nlog.file = false\nchannel_max = 7\n");
});

test("the nodes of a cluster know each other by name and have ports of their own", () => {
  const nodes = planNodes({ ...one, nodes: 3 }, [1, 2, 3, 4, 5, 6]);
  expect(nodes.map((node) => node.name)).toEqual(["rabbit1@localhost", "rabbit2@localhost", "rabbit3@localhost"]);
  expect(nodes.flatMap((node) => [node.amqpPort, node.distributionPort])).toEqual([1, 2, 3, 4, 5, 6]);
  for (const node of nodes) {
    expect(node.conf).toContain("cluster_formation.peer_discovery_backend = classic_config\n");
    expect(node.conf).toContain("cluster_formation.classic_config.nodes.3 = rabbit3@localhost\n");
    expect(node.conf).toContain("cluster_partition_handling = pause_minority\n");
  }
});

test("nodes count their AMQP ports from the one that was asked for", () => {
  const nodes = planNodes({ ...one, nodes: 2, port: 5672 }, [1, 2, 3, 4]);
  expect(nodes.map((node) => node.amqpPort)).toEqual([5672, 5673]);
  expect(nodes.map((node) => node.distributionPort)).toEqual([1, 2]);
});

test("in containers a node listens for its host, has that host's name and lets guest in from outside", () => {
  const [, second] = planNodes({ ...one, place: "container", nodes: 2 }, [1, 2, 3, 4]);
  expect(second?.name).toBe("rabbit2@rabbit2");
  expect(second?.conf).toContain("listeners.tcp.1 = 0.0.0.0:3\n");
  expect(second?.conf).toContain("cluster_formation.classic_config.nodes.1 = rabbit1@rabbit1\n");
  expect(second?.conf).toContain("loopback_users.guest = false\n");
});
