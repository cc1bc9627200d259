import type { Container, Probe, Volume, VolumeMount } from "kubernetes-types/core/v1.d.ts";
import type { ExtraContainer, ExtraVolume, ProbeProps } from "../cluster/pod-props.ts";
import { containerSecurity } from "./security.ts";

/** The volumes of a pod beside the node's own. */
export function extraVolumes(volumes: readonly ExtraVolume[] = []): Volume[] {
  return volumes.map(({ name, secret, configMap, claim, emptyDir }) => ({
    name,
    ...(secret !== undefined && { secret: { secretName: secret } }),
    ...(configMap !== undefined && { configMap: { name: configMap } }),
    ...(claim !== undefined && { persistentVolumeClaim: { claimName: claim } }),
    ...(emptyDir !== undefined && { emptyDir: emptyDir === "" ? {} : { sizeLimit: emptyDir } }),
  }));
}

/** Where the broker sees them. */
export function extraMounts(volumes: readonly ExtraVolume[] = []): VolumeMount[] {
  return volumes.flatMap(({ name, path }) => (path === undefined ? [] : [{ name, mountPath: path }]));
}

/** Containers beside the broker's, under the same restrictions. */
export function extraContainers(containers: readonly ExtraContainer[] = []): Container[] {
  return containers.map(({ name, image, command, args, env = {}, secretEnv = {}, mounts = {}, resources = {} }) => {
    const { cpu = "50m", memory = "64Mi" } = resources;
    const variables = [
      ...Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
      ...Object.entries(secretEnv).map(([variable, secretKeyRef]) => ({ name: variable, valueFrom: { secretKeyRef } })),
    ];
    const volumeMounts = Object.entries(mounts).map(([mountPath, volume]) => ({ name: volume, mountPath }));
    return {
      name,
      image,
      ...(command !== undefined && { command: [...command] }),
      ...(args !== undefined && { args: [...args] }),
      ...(variables.length > 0 && { env: variables }),
      ...(volumeMounts.length > 0 && { volumeMounts }),
      resources: { requests: { cpu, memory }, limits: { memory } },
      securityContext: containerSecurity,
    };
  });
}

/** A probe of the broker; without a port of its own it asks the one of AMQP. */
export function probeOf(given: ProbeProps, amqp: string): Probe {
  const { command, path, port = amqp, periodSeconds = 5, timeoutSeconds = 3, failureThreshold = 3 } = given;
  const asked =
    command !== undefined
      ? { exec: { command: [...command] } }
      : path !== undefined
        ? { httpGet: { path, port } }
        : { tcpSocket: { port } };
  return { ...asked, periodSeconds, timeoutSeconds, failureThreshold };
}
