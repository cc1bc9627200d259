import { describe, expect, inject, it, onTestFinished } from "vitest";
import { labVersions } from "../../../packages/rabbit-k8s/test/podlab/lab.ts";
import { runWhilePodsDie, startCluster } from "./dying-pods.ts";

describe.skipIf(inject("podlab") === null).each(labVersions)(
  "client and worker on a rendered cluster of %s",
  (version) => {
    it("lose no task while one pod after the other dies", async () => {
      const lab = await startCluster(version);
      onTestFinished(() => lab.stop());
      const outcome = await runWhilePodsDie(lab, 1500, 4);
      console.log(`RabbitMQ ${version}: ${JSON.stringify(outcome)}`);
      expect(outcome).toMatchObject({ sent: 1500, ran: 1500 });
    });
  },
);
