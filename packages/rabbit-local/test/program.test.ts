import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runProgram } from "../src/program.ts";

const written = { stdout: "", stderr: "" };

beforeEach(() => {
  for (const stream of ["stdout", "stderr"] as const) {
    written[stream] = "";
    vi.spyOn(process[stream], "write").mockImplementation((text) => {
      written[stream] += String(text);
      return true;
    });
  }
});

afterEach(() => {
  vi.restoreAllMocks();
});

test("--help tells of every option and of the environment", async () => {
  expect(await runProgram(["--help"])).toBe(0);
  for (const word of ["--nodes", "--port", "--plugin", "--conf", "--server", "install", "RABBIT_LOCAL_SERVER"]) {
    expect(written.stdout).toContain(word);
  }
});

test.for([
  [["--nodes", "0"], "--nodes <count>"],
  [["--nodes", "many"], "--nodes <count>"],
  [["--port", "amqp"], "--port <number>"],
  [["--conf", "log.console"], "--conf <key=value>"],
  [["--plugin", "Rabbit MQ"], "of RabbitMQ: plugins"],
  [["--server", "podman"], "of RabbitMQ: server"],
  [["install", "--server", "podman"], "of RabbitMQ: server"],
  [["--frobnicate"], "--frobnicate"],
  [["uninstall"], "arguments"],
] as const)("%j is wrong use: exit code 2 and a line that says what", async ([args, said]) => {
  expect(await runProgram(args)).toBe(2);
  expect(written.stderr).toContain(said);
  expect(written.stderr).not.toContain("    at ");
  expect(written.stdout).toBe("");
});

test.for([[["--server", "/nowhere/rabbitmq-server"]], [["install", "--server", "/nowhere/rabbitmq-server"]]])(
  "%j finds no server: exit code 1 and what to do",
  async ([args]) => {
    expect(await runProgram(args!)).toBe(1);
    expect(written.stderr).toContain("not an executable file: /nowhere/rabbitmq-server");
    expect(written.stderr).toContain("RABBIT_LOCAL_SERVER");
  },
);
