import { newTask } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import { composeRun, composeSend, type Interceptor, type SendTarget } from "../../src/ports/interceptor.ts";

const task = newTask({ id: "1", task: "x" });

function tracer(name: string, lines: string[]): Interceptor {
  return {
    async send(sent, next) {
      lines.push(`${name} sends ${sent.task}`);
      await next({ ...sent, task: sent.task + name });
    },
    async run(_ran, next) {
      lines.push(`${name} runs`);
      return `${name}(${String(await next())})`;
    },
  };
}

async function boom(): Promise<never> {
  throw new RangeError("boom");
}

describe("interceptors", () => {
  test("stand around a send in their order, each handing on what it makes of the message", async () => {
    const lines: string[] = [];
    const send = composeSend([tracer("a", lines), {}, tracer("b", lines)], async (sent, way: string) => {
      lines.push(`sent ${sent.task} by ${way}`);
    });
    await send(task, "road");
    expect(lines).toEqual(["a sends x", "b sends xa", "sent xab by road"]);
  });

  test("stand around a run in their order, each making something of the result", async () => {
    const lines: string[] = [];
    const run = composeRun([tracer("a", lines), {}, tracer("b", lines)]);
    expect(await run(task, async () => 5)).toBe("a(b(5))");
    expect(lines).toEqual(["a runs", "b runs"]);
  });

  test("may be none", async () => {
    expect(await composeRun([])(task, async () => 5)).toBe(5);
    const sent: string[] = [];
    await composeSend([], async ({ id }, way: string) => void sent.push(id, way))(task, "road");
    expect(sent).toEqual(["1", "road"]);
  });

  test("hear where a message goes, or that it goes nowhere yet", async () => {
    const heard: (SendTarget | null)[] = [];
    const listener: Interceptor = {
      async send(sent, next, target) {
        heard.push(target);
        await next(sent);
      },
    };
    const way = { to: { exchange: "", routingKey: "celery" }, queue: "celery" };
    await composeSend(
      [listener],
      async () => {},
      (target: SendTarget) => target,
    )(task, way);
    await composeSend([listener], async () => {})(task, way);
    expect(heard).toEqual([way, null]);
  });

  test("let a failure through", async () => {
    await expect(composeSend([tracer("a", [])], boom)(task, null)).rejects.toThrow(RangeError);
    await expect(composeRun([tracer("a", [])])(task, boom)).rejects.toThrow(RangeError);
  });
});
