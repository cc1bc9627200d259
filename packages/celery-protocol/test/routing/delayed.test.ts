import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  delayedAddress,
  delayedBindings,
  delayedTopology,
  type DelayedTopology,
  MAX_DELAY_SECONDS,
  undelayedRoutingKey,
} from "../../src/routing/delayed.ts";
import type { BrokerTopology } from "../../src/routing/topology.ts";
import { declarations } from "../support/declarations.ts";
import { recorded } from "../support/recorded.ts";

const seconds = fc.integer({ min: 1, max: MAX_DELAY_SECONDS });
const routingKey = fc.string({ minLength: 1 });

const isDelay = ({ name }: { readonly name: string }): boolean => name.startsWith("celery_delayed");

describe("the levels", () => {
  const sent = declarations("flow/worker-startup-quorum-topic");

  const all = ({ end, levels, entry }: DelayedTopology): readonly BrokerTopology[] => [end, levels, entry];

  test("are what Celery declares and binds", () => {
    const parts = all(delayedTopology());
    const same = (ours: readonly unknown[], theirs: readonly unknown[]): void => {
      expect(ours).toHaveLength(theirs.length);
      expect(ours).toEqual(expect.arrayContaining([...theirs]));
    };
    same(
      parts.flatMap(({ exchanges }) => exchanges),
      sent.exchanges.filter(isDelay),
    );
    same(
      parts.flatMap(({ queues }) => queues),
      sent.queues.filter(isDelay),
    );
    const between = sent.bindings.filter(({ destination }) => destination.startsWith("celery_delayed"));
    same(
      parts.flatMap(({ bindings }) => bindings),
      between,
    );
    expect(delayedTopology().levels.queues).toHaveLength(28);
  });

  test("are declared from the end to the entry: each binding leads to what is bound already", () => {
    const bound = new Set(["celery_delayed_delivery"]);
    const queues = new Set<string>();
    for (const { queues: declared, bindings } of all(delayedTopology())) {
      for (const { name } of declared) queues.add(name);
      for (const { source, destination, destinationType } of bindings) {
        expect(destinationType === "queue" ? queues : bound).toContain(destination);
        if (destinationType === "queue") bound.add(source);
      }
    }
    expect(bound).toContain("celery_delayed_27");
  });

  test("may be classic queues", () => {
    expect(delayedTopology("classic").levels.queues[0]?.arguments).toEqual({
      "x-queue-type": "classic",
      "x-overflow": "reject-publish",
      "x-message-ttl": 1000,
      "x-dead-letter-exchange": "celery_delayed_delivery",
    });
  });

  test("lead to a queue on a topic exchange as Celery's do", () => {
    const target = { queue: "qt", exchange: "qt", exchangeType: "topic", routingKey: "qt.jobs" } as const;
    for (const binding of delayedBindings(target)) expect(sent.bindings).toContainEqual(binding);
    expect(delayedBindings({ ...target, routingKey: "#.jobs" }).map((each) => each.routingKey)).toEqual([
      "#.jobs",
      "#.jobs",
    ]);
  });

  test("lead straight to a queue on a direct exchange, by its whole key", () => {
    const target = { queue: "celery", exchange: "", exchangeType: "direct", routingKey: "celery" } as const;
    const bits = Array.from({ length: 28 }, () => "*").join(".");
    expect(delayedBindings(target)).toEqual([
      {
        source: "celery_delayed_delivery",
        destination: "celery",
        destinationType: "queue",
        routingKey: `${bits}.celery`,
      },
    ]);
  });
});

describe("the address", () => {
  test("is that of Celery", () => {
    const vector = recorded("task-conf").find(([name]) => name === "task-conf/conf-delayed")?.[1];
    expect(delayedAddress(90, "qt.jobs")).toEqual({
      exchange: vector?.publish.exchange,
      routingKey: vector?.publish.routing_key,
    });
  });

  test("drops fractions of a second", () => {
    expect(delayedAddress(1.9, "q")).toEqual(delayedAddress(1, "q"));
  });

  test("replaces the delay of an earlier try", () => {
    expect(delayedAddress(5, delayedAddress(90, "q").routingKey)).toEqual(delayedAddress(5, "q"));
  });

  test.each([0, 0.9, -1, Number.NaN, Infinity, MAX_DELAY_SECONDS + 1])("refuses %s seconds", (delay) => {
    expect(() => delayedAddress(delay, "q")).toThrow(
      expect.objectContaining({ code: "option-invalid", fault: "local" }),
    );
  });

  test("adds up to the delay, bit by bit", () => {
    fc.assert(
      fc.property(seconds, routingKey, (delay, key) => {
        const address = delayedAddress(delay, key);
        const bits = address.routingKey.split(".").slice(0, 28);
        expect(bits.reduce((sum, bit) => sum * 2 + Number(bit), 0)).toBe(delay);
      }),
    );
  });

  test("is undone at the other end", () => {
    fc.assert(
      fc.property(seconds, routingKey, (delay, key) => {
        const once = undelayedRoutingKey(key);
        expect(undelayedRoutingKey(delayedAddress(delay, key).routingKey)).toBe(once);
      }),
    );
    expect(undelayedRoutingKey("qt.jobs")).toBe("qt.jobs");
  });
});
