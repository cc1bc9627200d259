import { setTimeout as wait } from "node:timers/promises";
import type { Events } from "../machine/events.ts";
import type { Container } from "./container.ts";
import type { PodIdentity } from "./identity.ts";

/** Stops a container in good order: its preStop hook, SIGTERM, and SIGKILL when the grace period is over. */
export async function stopContainer({ name, spec }: PodIdentity, container: Container, events: Events): Promise<void> {
  const graceMs = (spec.terminationGracePeriodSeconds ?? 30) * 1000;
  const started = Date.now();
  const left = (): number => Math.max(0, started + graceMs - Date.now());
  const { preStop } = container.spec.lifecycle ?? {};
  if (preStop?.exec !== undefined && !container.hasEnded) {
    const hook = container.exec(preStop.exec.command ?? []).then(({ code, errors }) => `rc=${code} ${errors.trim()}`);
    const over = wait(graceMs, "grace period over");
    const ending = await Promise.race([hook, over, container.ended.then(() => "container ended")]);
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    events.add(name, container.spec.name, `preStop ended after ${seconds} s:`, ending.slice(0, 200));
  } else if (preStop?.sleep !== undefined) {
    await wait(Math.min(graceMs, preStop.sleep.seconds * 1000));
  }
  if (container.hasEnded) return;
  container.terminate();
  // Kubernetes gives at least two seconds after the hook.
  const code = await Promise.race([container.ended, wait(left() + 2000, null)]);
  if (code !== null) return events.add(name, container.spec.name, "stopped, exit", code);
  events.add(name, container.spec.name, "SIGKILL after grace period");
  await container.kill();
}
