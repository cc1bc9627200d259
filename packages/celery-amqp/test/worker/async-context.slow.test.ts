import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const program = fileURLToPath(new URL("./async-context-program.ts", import.meta.url));

test.each([
  ["as Node 24 keeps them", "--async-context-frame"],
  ["as Node 22 keeps them", "--no-async-context-frame"],
])("handlers, interceptors and listeners see no store of others, %s", async (_, flag) => {
  const { stdout } = await promisify(execFile)(process.execPath, [flag, "--conditions=@leveret/source", program]);
  const none = Array.from({ length: 6 }, () => null);
  expect(JSON.parse(stdout)).toEqual({
    results: none.map(() => true),
    seen: {
      interceptor: none,
      // What goes around a handler is its own.
      handler: none.map(() => "interceptor"),
      listener: none,
      ...Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((name) => [`after ${name}`, [name]])),
    },
  });
});
