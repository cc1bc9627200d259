import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { reconcile } from "../../src/cluster/controllers.ts";
import { Objects } from "../../src/manifest/objects.ts";
import type { PodIdentity } from "../../src/pod/identity.ts";
import type { Pod } from "../../src/pod/pod.ts";

/** What a controller reads of a pod. */
interface FakePod {
  readonly identity: PodIdentity;
  readonly owner: string;
  readonly revision: string;
  readySinceMs: number | null;
  isDeleting: boolean;
}

const objects = new Objects("shop");
let pods: FakePod[] = [];

beforeEach(() => {
  pods = [];
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

function apply(replicas: number, spec: object, image = "one"): void {
  const template = { metadata: { labels: { app: "set" } }, spec: { containers: [{ name: "main", image }] } };
  const metadata = { name: "set", namespace: "shop" };
  objects.read(stringify({ kind: "StatefulSet", metadata, spec: { replicas, template, serviceName: "set", ...spec } }));
}

/** One round of the controllers. */
function round(): void {
  reconcile(objects, {
    all: pods as unknown as Pod[],
    add: (identity, owner, revision) =>
      void pods.push({ identity, owner, revision, readySinceMs: null, isDeleting: false }),
    remove: (pod) => {
      pod.isDeleting = true;
    },
  });
}

const names = (which: (pod: FakePod) => boolean = () => true): readonly string[] =>
  pods.filter(which).map(({ identity }) => identity.name);
const leaving = ({ isDeleting }: FakePod): boolean => isDeleting;
const makeReady = (): void => {
  for (const pod of pods) pod.readySinceMs ??= Date.now();
};
const parallel = { podManagementPolicy: "Parallel" };

describe("a StatefulSet", () => {
  it("makes its pods at once where it is Parallel, and one after the other where it is not", () => {
    apply(3, parallel);
    round();
    expect(names()).toEqual(["set-0", "set-1", "set-2"]);
    pods = [];
    apply(3, {});
    round();
    round();
    expect(names()).toEqual(["set-0"]);
    makeReady();
    round();
    expect(names()).toEqual(["set-0", "set-1"]);
  });

  it("replaces pods of an old template from the last one on, each when the one before has been ready for long enough", () => {
    const spec = { ...parallel, minReadySeconds: 35 };
    apply(3, spec);
    round();
    makeReady();
    vi.setSystemTime(60_000);
    apply(3, spec, "two");
    round();
    expect(names(leaving)).toEqual(["set-2"]);
    round();
    expect(names(leaving)).toEqual(["set-2"]);
    pods = pods.filter((pod) => !pod.isDeleting);
    round();
    makeReady();
    vi.setSystemTime(94_999);
    round();
    expect(names(leaving)).toEqual([]);
    vi.setSystemTime(95_000);
    round();
    expect(names(leaving)).toEqual(["set-1"]);
  });

  it("replaces a pod of the old template that is not ready, as the real one does", () => {
    apply(2, parallel);
    round();
    apply(2, parallel, "two");
    round();
    expect(names(leaving)).toEqual(["set-1"]);
  });

  it.each([
    ["OnDelete", { type: "OnDelete" }],
    ["a partition", { type: "RollingUpdate", rollingUpdate: { partition: 2 } }],
  ])("keeps pods of the old template with %s", (_, updateStrategy) => {
    apply(2, { ...parallel, updateStrategy });
    round();
    makeReady();
    apply(2, { ...parallel, updateStrategy }, "two");
    round();
    expect(names(leaving)).toEqual([]);
  });

  it("takes the highest ordinals away, all at once where it is Parallel", () => {
    apply(3, parallel);
    round();
    makeReady();
    apply(1, {});
    round();
    expect(names(leaving)).toEqual(["set-2"]);
    apply(1, parallel);
    round();
    expect(names(leaving)).toEqual(["set-1", "set-2"]);
  });
});
