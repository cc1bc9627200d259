import { expect, it, onTestFinished } from "vitest";
import { runWhilePodsDie, startCluster } from "./dying-pods.ts";

it("client and worker lose no task on a rendered cluster while the pod of their queue's leader dies", async () => {
  const lab = await startCluster("4.3.6");
  onTestFinished(() => lab.stop());
  const outcome = await runWhilePodsDie(lab, 150, 1);
  console.log(JSON.stringify(outcome));
  expect(outcome).toMatchObject({ sent: 150, ran: 150 });
});
