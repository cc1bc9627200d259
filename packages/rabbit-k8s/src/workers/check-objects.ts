import { checkIntegers, checkLabels, checkTexts } from "../kubernetes/check.ts";
import { imageName, namespaceName, objectName, variableName } from "../kubernetes/rules.ts";
import { checkPullSecrets } from "../kubernetes/scheduling.ts";
import type { Refusal } from "../refusal/refusal.ts";
import type { CeleryWorkersProps } from "./props.ts";

const largestId = 2_147_483_647;
const largestCount = 100_000;

/** Checks what becomes a name, a label or a number of an object, as the API server would. */
export function checkWorkerObjects(props: CeleryWorkersProps): readonly Refusal[] {
  const { namespace, image, imagePullSecrets, labels, env, secretEnv, runAs, health, scaling, replicas } = props;
  const names = Object.keys({ ...env, ...secretEnv });
  return [
    ...checkTexts({ namespace }, namespaceName, "use lower-case letters, digits and dashes, at most 63 characters"),
    ...checkTexts({ image }, imageName, "write REGISTRY/NAME:TAG, or NAME@sha256:DIGEST"),
    ...checkTexts(
      { clientCertificate: props.clientCertificate },
      objectName,
      "use lower-case letters, digits, dashes and dots",
    ),
    ...checkPullSecrets(imagePullSecrets),
    ...checkLabels("labels", labels),
    ...names.flatMap((name) =>
      checkTexts({ [`env["${name}"]`]: name }, variableName, "use letters, digits, dashes, dots and underscores"),
    ),
    ...checkIntegers({ "runAs.uid": runAs?.uid, "runAs.gid": runAs?.gid }, 1, largestId),
    ...checkIntegers({ replicas, "scaling.maxReplicas": scaling?.maxReplicas }, 0, largestCount),
    ...checkIntegers({ "scaling.minReplicas": scaling?.minReplicas }, scaling?.by === "cpu" ? 1 : 0, largestCount),
    ...(scaling?.by === "queue"
      ? checkIntegers({ "scaling.messagesPerReplica": scaling.messagesPerReplica }, 1, largestId)
      : checkIntegers({ "scaling.targetPercent": scaling?.targetPercent }, 1, largestCount)),
    ...checkIntegers({ taskTimeLimitSeconds: props.taskTimeLimitSeconds }, 1, 31_536_000),
    ...(health?.kind === "http" ? checkIntegers({ "health.port": health.port }, 1, 65_535) : []),
    ...(health?.kind === "heartbeat"
      ? checkIntegers({ "health.maxAgeSeconds": health.maxAgeSeconds }, 1, 31_536_000)
      : []),
  ];
}
