import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { Objects } from "../../src/manifest/objects.ts";
import { parseQuantity } from "../../src/manifest/quantity.ts";
import { environmentOf, expand } from "../../src/pod/environment.ts";
import { identify } from "../../src/pod/identity.ts";
import { privilegesOf } from "../../src/pod/privileges.ts";

const template = { metadata: { labels: { app: "web" } } };
const pod = identify("web-0", "shop", template, { labels: {}, subdomain: null, claims: [] });

describe("variables of a container", () => {
  it("refer to those before them, to Secrets, fields and limits", () => {
    const objects = new Objects("shop");
    const metadata = { name: "login", namespace: "shop" };
    objects.read(stringify({ kind: "Secret", metadata, data: { password: Buffer.from("p$w").toString("base64") } }));
    const container = {
      name: "main",
      resources: { limits: { memory: "1Gi" } },
      env: [
        { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "login", key: "password" } } },
        { name: "URL", value: "amqp://$(PASSWORD)@$(POD_IP)/$$(HOME)" },
        { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        { name: "MEMORY", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
        { name: "APP", valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      ],
    };
    expect(environmentOf(pod, "192.0.2.10", container, { HOME: "/var/lib/rabbitmq" }, objects)).toMatchObject({
      HOME: "/var/lib/rabbitmq",
      PASSWORD: "p$w",
      URL: "amqp://p$w@$(POD_IP)/$(HOME)",
      POD_IP: "192.0.2.10",
      MEMORY: "1024",
      APP: "web",
    });
  });

  it("cannot come from a Secret or key that is missing, unless it is optional", () => {
    const from = (optional: boolean): Readonly<Record<string, string>> => {
      const env = [{ name: "A", valueFrom: { secretKeyRef: { name: "none", key: "k", optional } } }];
      return environmentOf(pod, "", { name: "main", env }, {}, new Objects("shop"));
    };
    expect(() => from(false)).toThrow("Secret shop/none not found");
    expect(from(true)).not.toHaveProperty("A");
  });

  it.each([
    ["$$", "$"],
    ["$(A)", "1"],
    ["$(B)", "$(B)"],
    ["$A", "$A"],
  ])("expand %s to %s", (text, expected) => {
    expect(expand(text, { A: "1" })).toBe(expected);
  });
});

describe("privileges", () => {
  it("are none where all capabilities are dropped", () => {
    const securityContext = { runAsUser: 999, runAsGroup: 999, capabilities: { drop: ["ALL"] } };
    expect(privilegesOf(pod, { name: "main", securityContext })).toContain("--bounding-set=-all");
  });

  it("refuse root to a container that must not be it", () => {
    expect(() => privilegesOf(pod, { name: "main", securityContext: { runAsNonRoot: true } })).toThrow("runAsNonRoot");
  });
});

describe("quantities", () => {
  it.each([
    ["512Mi", 536_870_912],
    ["1.5Gi", 1_610_612_736],
    ["100m", 0.1],
    ["2k", 2000],
    ["3", 3],
  ])("%s is %d", (text, expected) => {
    expect(parseQuantity(text)).toBeCloseTo(expected);
  });

  it("are nothing else", () => {
    expect(() => parseQuantity("1 GB")).toThrow("not a quantity");
  });
});
