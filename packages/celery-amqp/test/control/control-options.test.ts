import { describe, expect, test } from "vitest";
import { type ControlOptions, resolveControl } from "../../src/control/control-options.ts";
import { createClient } from "../../src/index.ts";
import { createMemoryTransport } from "../../src/testing/memory-transport.ts";

describe("who is meant by a command", () => {
  test.each<[ControlOptions, object]>([
    [{}, { destination: null, pattern: null, matcher: null, replyWait: { timeoutMs: 1_000, limit: null } }],
    [{ destination: "a@b" }, { destination: ["a@b"], replyWait: { timeoutMs: 1_000, limit: 1 } }],
    [{ destination: ["a@b", "c@d", "a@b"] }, { destination: ["a@b", "c@d"], replyWait: { limit: 2 } }],
    [{ pattern: "a*" }, { destination: null, pattern: "a*", matcher: "glob" }],
    [
      { pattern: "a.", matcher: "pcre", limit: 3 },
      { pattern: "a.", matcher: "pcre", replyWait: { limit: 3 } },
    ],
    [{ timeout: "5s" }, { replyWait: { timeoutMs: 5_000 } }],
    [{ timeout: 0 }, { replyWait: null }],
  ])("%j", (options, expected) => {
    expect(resolveControl(options)).toMatchObject(expected);
  });

  test.each<[object, string]>([
    [{ destination: [] }, "destination"],
    [{ destination: [1] }, "destination"],
    [{ destination: "" }, "destination"],
    [{ pattern: "" }, "pattern"],
    [{ pattern: "a", destination: "b" }, "pattern"],
    [{ matcher: "soundex" }, "matcher"],
    [{ limit: 0 }, "limit"],
    [{ timeout: "soon" }, "timeout"],
    [{ targets: "a" }, "targets"],
  ])("cannot be %j", (options, option) => {
    expect(() => resolveControl(options as ControlOptions)).toThrow(
      expect.objectContaining({ code: "option-invalid", message: expect.stringContaining(option) as unknown }),
    );
  });
});

describe("a command", () => {
  test("is checked before it is sent", async () => {
    await using client = createClient({ transport: createMemoryTransport() });
    const wrong = { code: "option-invalid" };
    await expect(client.control.revoke([])).rejects.toMatchObject(wrong);
    await expect(client.control.revoke("")).rejects.toMatchObject(wrong);
    await expect(client.control.timeLimit("a", { hard: "soon" as never })).rejects.toMatchObject(wrong);
    await expect(client.control.broadcast("")).rejects.toMatchObject(wrong);
    await expect(client.inspect.ping({ destination: [] })).rejects.toMatchObject(wrong);
    await expect(client.control.broadcast("x", { f: () => 1 })).rejects.toMatchObject({ code: "encode-failed" });
    await client.close();
    await expect(client.inspect.ping()).rejects.toMatchObject({ code: "closed" });
  });

  test("that nobody hears comes to nothing", async () => {
    await using client = createClient({ transport: createMemoryTransport() });
    expect(await client.inspect.ping({ timeout: "10ms" })).toEqual({});
    expect(await client.control.heartbeat({ timeout: 0 })).toEqual({});
    const result = client.result("some-task");
    await expect(result.revoke({ terminate: true })).resolves.toBeUndefined();
  });
});
