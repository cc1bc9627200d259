import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderWorkers } from "../../src/constructs/celery-workers.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { anyProps } from "../samples.ts";
import { releases } from "../schemas/validate.ts";
import { oddlyChanged } from "./odd-values.ts";
import { everySubject, refusedByKubernetes, wrongOutcome } from "./outcome.ts";

const anyRelease = fc.constantFrom(...releases);

/** More of them find more: ODD_PROPS=5000 takes some minutes. */
const numRuns = Number(process.env["ODD_PROPS"] ?? 100);

describe.each(everySubject)("$name", (subject) => {
  it.each(releases)("with every prop is taken by Kubernetes %s", (release) => {
    expect(refusedByKubernetes(release, subject.render(subject.sample))).toEqual([]);
  });

  it("with an odd prop is refused by the prop's name, or taken by Kubernetes", () => {
    fc.assert(
      fc.property(oddlyChanged(subject.sample), anyRelease, ([path, props], release) => {
        expect([path.join("."), wrongOutcome(subject, path[0] ?? "", props, release)]).toEqual([path.join("."), null]);
      }),
      { numRuns },
    );
  });
});

describe("any right props", () => {
  it("of a cluster and its workers are taken by every release of Kubernetes", () => {
    fc.assert(
      fc.property(anyProps, (props) => {
        const { manifests, connection } = renderCluster(props);
        const image = `shop/worker@sha256:${"0".repeat(64)}`;
        const certificate = connection.verifiesClients ? { clientCertificate: "worker-tls" } : {};
        const common = { name: "workers", cluster: connection, image, ...certificate };
        const all = [...manifests, ...renderWorkers({ ...common, scaling: { by: "queue", maxReplicas: 9 } })];
        expect(releases.flatMap((release) => refusedByKubernetes(release, all))).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});

describe("the model of the API server", () => {
  it("refuses what is wrong, so that these tests can fail", () => {
    const [subject] = everySubject;
    const manifests = structuredClone(subject?.render(subject.sample) ?? []);
    const labels = manifests[0]?.metadata.labels;
    if (labels !== undefined) labels["team"] = "my team";
    expect(refusedByKubernetes("1.36", manifests).join()).toContain("my team");
    const unknown = manifests.map((manifest) => ({ ...manifest, spek: {} }));
    expect(refusedByKubernetes("1.31", unknown).join()).toContain("spek");
  });
});
