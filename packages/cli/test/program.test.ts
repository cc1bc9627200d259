import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { run } from "./support/terminal.ts";

const tasks = join(import.meta.dirname, "support/tasks.ts");

describe("a usage error exits with 2 and says what to type", () => {
  test.each<readonly [string, readonly string[], RegExp]>([
    ["no command", [], /Usage: leveret/],
    ["an unknown command", ["frobnicate"], /unknown command 'frobnicate'/],
    ["a misspelt option", ["worker", "--concurency", "3"], /Did you mean --concurrency/],
    ["no tasks", ["worker"], /The module of the tasks is missing\. Name it: -A \.\/tasks\.ts/],
    ["a module that is not there", ["worker", "-A", "./nowhere.ts"], /The module does not exist: -A \.\/nowhere\.ts/],
    ["a number that is none", ["worker", "-A", tasks, "-c", "many"], /integer from 1/],
    ["a log level that is none", ["worker", "-A", tasks, "-l", "loud"], /one of debug, info, warn, error, silent/],
    [
      "children's options without children",
      ["worker", "-A", tasks, "--max-tasks-per-child", "3"],
      /Give --pool threads/,
    ],
    ["several at once alone", ["worker", "-A", tasks, "-P", "solo", "-c", "3"], /runs one task at a time/],
    ["arguments that are no list", ["call", "demo.add", "--args", "{}"], /JSON list/],
    ["arguments that are no JSON", ["call", "demo.add", "--args", "[1,"], /It is not JSON/],
    ["keyword arguments that are no object", ["call", "demo.add", "--kwargs", "[]"], /JSON object/],
    ["a time that is none", ["call", "demo.add", "--eta", "soon"], /Give a time such as/],
    ["a wait without waiting", ["call", "demo.add", "--timeout", "3"], /--timeout needs --wait/],
    ["a task the module does not have", ["call", "demo.sub", "-A", tasks], /no such task: "demo\.sub".*demo\.add/],
    ["an rpc result of another", ["result", "x", "--result-backend", "rpc"], /only the program that sent a task/],
    ["a result where there are none", ["result", "x", "--result-backend", "disabled"], /Results are disabled/],
    [
      "a wait without results",
      ["call", "demo.add", "-w", "--result-backend", "none"],
      /Results are disabled.*Leave out --wait/,
    ],
    [
      "a backend nobody knows",
      ["worker", "-A", tasks, "--result-backend", "db"],
      /Result backend not known: .*Give rpc/,
    ],
    ["a backend before the command", ["--result-backend", "sentinel://h", "result", "x"], /redisResults\(\{ sentinels/],
    ["a management that is no URL", ["queues", "--management", "localhost"], /--management: The URL cannot be read/],
    ["a management that is half a login", ["queues", "--management", "http://u:1?hush@h"], /unencoded "\?"/],
    ["a misspelt option with a space in it", ["worker", "--brokr=amqp://u:hu sh hush@h"], /amqp:\/\/\*{3}@h/],
    ["a misspelt option without slashes", ["worker", "--brokr=u:hush@h"], /--brokr=\*{3}@h/],
    ["a broker with a password in parts", ["queues", "-b", "amqp://u:1#hush@h;amqp://u:2?hush@i"], /unencoded "#"/],
    ["a beat without entries", ["beat"], /The entries are missing\. Export beatSchedule/],
    ["entries that are not there", ["beat", "--entries", "./nowhere.json"], /--entries \.\/nowhere\.json: ENOENT/],
    ["a time zone nobody knows", ["beat", "-A", tasks, "--timezone", "Mars/Base"], /timezone is "Mars\/Base"/],
    ["a misspelt option with an address", ["worker", "--brokr=amqp://u:hush-hush@h"], /amqp:\/\/\*{3}@h/],
    ["an address for a command", ["redis://u:hush@hush-hush@h"], /unknown command 'redis:\/\/\*{3}@h'/],
    ["a shell nobody knows", ["completion", "csh"], /one of bash, zsh, fish/],
    ["a broker that is no URL", ["queues", "-b", "localhost"], /error: /],
  ])("%s", async (_, words, message) => {
    const { code, out, err } = await run(...words);
    expect(err).toMatch(message);
    expect(err).not.toContain("hush");
    expect(out).toBe("");
    expect(code).toBe(2);
  });
});

test("a help that answers a mistake is whole", async () => {
  expect((await run()).err).toContain("amqp://guest:guest@localhost:5672//");
});

test.each(["--version", "-V"])("%s prints the version", async (flag) => {
  expect(await run(flag)).toEqual({ code: 0, out: `${manifest.version}\n`, err: "" });
});

test("the result backend may stand in the environment, and what is typed wins", async () => {
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv("CELERY_RESULT_BACKEND", "mongodb://user:hush-hush@host");
  const { code, err } = await run("result", "x");
  expect(err).toMatch(/^error: Result backend not known: .*CELERY_RESULT_BACKEND.*mongodb/);
  expect(err).not.toContain("hush-hush");
  expect(code).toBe(2);
  expect((await run("result", "x", "--result-backend", "rpc://")).err).toContain("only the program that sent a task");
  const unread = await run("queues", "-b", "amqp://127.0.0.1:1");
  expect(unread.err).toContain("(broker-unreachable)");

  vi.stubEnv("CELERY_RESULT_BACKEND", "");
  const unset = await run("result", "x", "-b", "amqp://127.0.0.1:1", "--timeout", "0");
  expect(unset.code).toBe(1);
});

test("help says what there is, on the output, and ends well", async () => {
  const { code, out, err } = await run("--help");
  for (const name of [
    "worker",
    "beat",
    "call",
    "result",
    "status",
    "inspect",
    "control",
    "events",
    "queues",
    "purge",
    "dlq",
    "completion",
  ])
    expect(out).toContain(`  ${name}`);
  expect(out).toContain("Exit codes: 0 success; 1 failed, or not found; 2 usage error; 69 no worker replied.");
  expect([code, err]).toEqual([0, ""]);
});

test.each(["worker", "call", "dlq"])("help of %s lists its options and the common ones", async (name) => {
  const { code, out } = await run(name, "--help");
  expect(out).toContain("--broker <url>");
  expect(code).toBe(0);
});

test("a broker that does not answer is a failure told in a line, without its password", async () => {
  const { code, err } = await run("queues", "-b", "amqp://someone:hush-hush@127.0.0.1:1/");
  expect(err).toMatch(/^error: .*127\.0\.0\.1:1.*\(broker-unreachable\)\n$/s);
  expect(err).not.toContain("hush-hush");
  expect(code).toBe(1);
});

test("a management that does not answer is a failure, told in a line", async () => {
  const { code, err } = await run("queues", "--management", "http://user:hush-hush@127.0.0.1:1");
  expect(err).toBe(
    "error: The management API does not answer: http://127.0.0.1:1. Check that its plugin is enabled.\n",
  );
  expect(code).toBe(1);
});
