import { App, Chart } from "cdk8s";
import { describe, expect, it } from "vitest";
import { CeleryWorkers, renderWorkers } from "../../src/constructs/celery-workers.ts";
import { OperatorRabbitCluster, renderOperatorCluster } from "../../src/constructs/operator-rabbit-cluster.ts";
import { RabbitCluster, renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { plainProps } from "../../src/refusal/plain.ts";
import { RefusedPropsError } from "../../src/refusal/refusal.ts";

const renderers = { renderCluster, renderOperatorCluster, renderWorkers } as unknown as Readonly<
  Record<string, (props: unknown) => unknown>
>;

function refusedBy(render: (props: unknown) => unknown, props: unknown): readonly string[] {
  try {
    render(props);
    return [];
  } catch (error) {
    if (!(error instanceof RefusedPropsError)) throw error;
    return error.refusals.map(({ prop }) => prop);
  }
}

const base = { namespace: "messaging", version: "4.3" };
const boom = (): never => {
  throw new Error("boom");
};
const gone = Proxy.revocable({}, {});
gone.revoke();
const self: Record<string, unknown> = { ...base };
self["pod"] = self;
let deep: object = {};
for (let depth = 0; depth < 10_000; depth += 1) deep = { affinity: deep };

describe.each(Object.entries(renderers))("%s", (_name, render) => {
  it.each([null, undefined, 0, Number.NaN, 1n, "", "x", true, Symbol("x"), [], [base], () => base])(
    "of %s is refused as `props`",
    (props) => {
      expect(refusedBy(render, props)).toEqual(["props"]);
    },
  );

  it.each([
    ["props", new Map(Object.entries(base))],
    ["props", Object.create(base) as object],
    ["props", gone.proxy],
    ["props", new Proxy(base, { ownKeys: boom })],
    ["name", Object.defineProperty({ ...base }, "name", { enumerable: true, get: boom })],
    ["labels", { ...base, labels: new Map([["a", "b"]]) }],
    ["labels", { ...base, labels: new Date(0) }],
    [
      "queues[1]",
      {
        ...base,
        queues: new Proxy([1, 2], { get: (list, key) => (key === "1" ? boom() : (Reflect.get(list, key) as unknown)) }),
      },
    ],
    ["queues", { ...base, queues: Array.from({ length: 100_001 }) }],
    ["pod", self],
  ])("names %s where it cannot be read as plain data", (prop, props) => {
    expect(refusedBy(render, props)).toEqual([prop]);
  });

  it("names the place where props are nested without end", () => {
    expect(refusedBy(render, { ...base, scheduling: deep })[0]).toMatch(/^scheduling(\.affinity)+$/);
  });
});

describe("props", () => {
  it("are read once, and keep what a getter answered first", () => {
    let reads = 0;
    const props = Object.defineProperty({ ...base }, "name", {
      enumerable: true,
      get: () => (reads++ === 0 ? "broker" : "Not A Name"),
    });
    expect(renderCluster(props as never).manifests.at(-1)?.metadata.name).toBe("broker");
  });

  it("with the names of a prototype's properties are data", () => {
    const props: unknown = JSON.parse('{"__proto__": {"a": 1}, "constructor": [2]}');
    expect(JSON.stringify(plainProps(props as object))).toBe('{"__proto__":{"a":1},"constructor":[2]}');
    const policy = (definition: unknown): unknown => ({
      ...base,
      policies: [{ name: "p", vhost: "/", pattern: "", definition }],
    });
    const render = renderCluster as (props: unknown) => unknown;
    for (const key of ["__proto__", "constructor", "toString"]) {
      expect(refusedBy(render, policy(JSON.parse(`{"${key}": 1}`)))).toEqual([`policies[0].definition["${key}"]`]);
    }
    expect(refusedBy(render, { ...base, plugins: ["constructor"] })).toEqual([]);
    expect(refusedBy(render, { ...base, plugins: ["__proto__"] })).toEqual(["plugins[0]"]);
  });

  it("of a construct that cannot be read are reported at synthesis", () => {
    const chart = new Chart(new App(), "chart");
    for (const Made of [RabbitCluster, OperatorRabbitCluster, CeleryWorkers]) {
      const made = new Made(chart, Made.name, null as never);
      expect(made.node.validate().join()).toMatch(/^props: it is null, not an object/);
    }
  });
});
