import { expect, onTestFinished } from "vitest";
import { runCommand } from "../../src/command/command.ts";
import { FakeCluster } from "./fake-kubectl.ts";

/** What `rabbit-k8s runbook` prints. */
export function print(words: string): string {
  let text = "";
  const terminal = {
    out: (more: string) => void (text += more),
    err: () => undefined,
    read: () => "",
    variable: () => undefined,
  };
  expect(runCommand(["runbook", ...words.split(" "), "--namespace", "shop"], terminal)).toBe(0);
  return text;
}

/** A cluster that pretends, until the end of the test. */
export function cluster(nodes: number, version = "4.3.6", flags: readonly string[] = []): FakeCluster {
  const fake = new FakeCluster(nodes, version, flags);
  onTestFinished(() => fake.remove());
  return fake;
}

/**
 * Runs to its end, at whichever call of kubectl it was killed before. Each run starts a hundred programs, so a short test takes
 * every third call, and a long one all.
 */
export function survivesKills(
  make: () => FakeCluster,
  script: string,
  check: (fake: FakeCluster) => void,
  step = 3,
): void {
  const whole = make();
  expect(whole.run(script)).toMatchObject({ code: 0 });
  check(whole);
  expect(whole.calls).toBeGreaterThan(10);
  for (let call = 1; call <= whole.calls; call += step) {
    const fake = make();
    fake.run(script, call);
    const { code, errors } = fake.run(script);
    expect(code, `killed at call ${call}: ${errors}`).toBe(0);
    check(fake);
  }
}
