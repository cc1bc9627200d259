import { inspect } from "node:util";
import { expect, test } from "vitest";
import { CeleryError, UnroutableError } from "../../src/ports/errors.ts";
import { TaskFailedError } from "../../src/task/errors.ts";

const name = "x\r\nERROR forged\u001B[2J\u202E\u200B\u2028";

test.each([
  new CeleryError("option-invalid", `Queue "${name}" is not served`),
  new UnroutableError(name, name),
  new TaskFailedError({ taskId: name, excType: name, excModule: null, excArgs: [name], traceback: null }),
])("an error is one line of visible characters, whatever it is about", (error) => {
  expect(error.message).toMatch(/^[\u0020-\u007E]+$/);
  expect(error.message).toContain("\\u001b[2J");
  expect(error.stack?.split("\n")[0]).toContain(error.message);
  expect(inspect(error).split("\n")).not.toContainEqual(expect.stringMatching(/^ERROR forged/));
});

test("an exception of a task keeps its arguments as they are", () => {
  const error = new TaskFailedError({ taskId: "a", excType: "E", excModule: null, excArgs: ["a\nb"], traceback: null });
  expect(error.excMessage).toBe("a\nb");
});
