import { setTimeout as wait } from "node:timers/promises";
import type { Probe } from "kubernetes-types/core/v1.d.ts";
import type { Events } from "../machine/events.ts";
import type { Container } from "./container.ts";
import type { PodIdentity } from "./identity.ts";
import { probeOnce } from "./probe.ts";

/** What becomes of probes' answers. */
export interface ProbeWatch {
  readonly events: Events;
  /** False once the answers mean nothing any more. */
  isWanted(): boolean;
  /** The readiness of the container changed. */
  changed(): void;
  /** The container is to be stopped; it is started again. */
  restart(): Promise<void>;
}

/** How often a probe succeeded or failed in a row. */
interface Streak {
  readonly good: number;
  readonly bad: number;
}

const failed = ({ bad }: Streak, { failureThreshold = 3 }: Probe): boolean => bad >= failureThreshold;

/** Probes a container for as long as its answers are wanted: startup first, then liveness and readiness. */
export function watchProbes(
  pod: { readonly identity: PodIdentity; readonly ip: string | null },
  container: Container,
  watch: ProbeWatch,
): void {
  const { startupProbe, livenessProbe, readinessProbe, name } = container.spec;
  /** Calls `judge` after each probe until it answers true. */
  async function repeat(probe: Probe, judge: (streak: Streak) => Promise<boolean>): Promise<void> {
    await wait((probe.initialDelaySeconds ?? 0) * 1000);
    for (let streak: Streak = { good: 0, bad: 0 }; watch.isWanted(); await wait((probe.periodSeconds ?? 10) * 1000)) {
      const isGood = await probeOnce(container, pod.ip ?? "", probe);
      streak = isGood ? { good: streak.good + 1, bad: 0 } : { good: 0, bad: streak.bad + 1 };
      if (!watch.isWanted() || (await judge(streak))) return;
    }
  }
  async function restartWhenFailed(kind: string, streak: Streak, probe: Probe): Promise<boolean> {
    if (!failed(streak, probe)) return false;
    watch.events.add(pod.identity.name, name, `${kind} probe failed: restarting`);
    await watch.restart();
    return true;
  }
  function setReady(isReady: boolean): void {
    if (!watch.isWanted() || container.isReady === isReady) return;
    container.isReady = isReady;
    watch.changed();
  }
  async function all(): Promise<void> {
    let hasStarted = startupProbe === undefined;
    if (startupProbe !== undefined)
      await repeat(startupProbe, async (streak) => {
        hasStarted = streak.good > 0;
        if (hasStarted) watch.events.add(pod.identity.name, name, "startup probe passed");
        return hasStarted || restartWhenFailed("startup", streak, startupProbe);
      });
    if (!hasStarted) return;
    if (livenessProbe !== undefined)
      void repeat(livenessProbe, (streak) => restartWhenFailed("liveness", streak, livenessProbe));
    if (readinessProbe === undefined) return setReady(true);
    await repeat(readinessProbe, (streak) => {
      if (streak.good >= (readinessProbe.successThreshold ?? 1)) setReady(true);
      else if (failed(streak, readinessProbe)) setReady(false);
      return Promise.resolve(false);
    });
  }
  void all();
}
