import { describe, expect, test } from "vitest";
import { createMemoryBroker, createMemoryTransport, transportConformance } from "../../src/testing.ts";

describe("the memory transport", () => {
  test.each(transportConformance)("$name", async ({ run }) => {
    const broker = createMemoryBroker();
    const createTransport = () => createMemoryTransport({ broker });
    await expect(run({ createTransport, dropConnections: () => broker.drop() })).resolves.toBeUndefined();
  });
});
