import { describe, expect, test } from "vitest";
import { Keys } from "../src/keys.ts";

describe("keys", () => {
  test("are Celery's", () => {
    const keys = new Keys("", false);
    expect(keys.task("a")).toBe("celery-task-meta-a");
    expect(keys.group("g")).toBe("celery-taskset-meta-g");
    expect(keys.chord("g", "j")).toBe("celery-taskset-meta-g.j");
  });

  test.each([
    ["tenant1", "tenant1_celery-task-meta-a"],
    ["tenant1_", "tenant1_celery-task-meta-a"],
    ["tenant1:", "tenant1:celery-task-meta-a"],
    ["tenant1-", "tenant1-celery-task-meta-a"],
    ["tenant1.", "tenant1.celery-task-meta-a"],
  ])("below the prefix %s are joined as in Celery", (prefix, key) => {
    expect(new Keys(prefix, false).task("a")).toBe(key);
  });

  test("of one chord in a cluster are on the node of its group", () => {
    const keys = new Keys("p", true);
    expect(keys.chord("g", "s")).toBe("{p_celery-taskset-meta-g}.s");
    expect(keys.group("g")).toBe("p_celery-taskset-meta-g");
  });
});
