import { CeleryError } from "@leveret/celery-amqp";
import { describe, expect, test } from "vitest";
import { toCeleryError } from "../src/errors.ts";

function reply(message: string): Error {
  return Object.assign(new Error(message), { name: "ReplyError", command: { name: "auth", args: ["secret"] } });
}

describe("a failed command", () => {
  test.each([
    [reply("WRONGPASS invalid username-password pair"), "access-refused"],
    [reply("NOAUTH Authentication required."), "access-refused"],
    [reply("NOPERM this user has no permissions"), "access-refused"],
    [reply("ERR invalid password"), "access-refused"],
    [reply("READONLY You can't write against a read only replica."), "results-unreachable"],
    [reply("LOADING Redis is loading the dataset in memory"), "results-unreachable"],
    [reply("CLUSTERDOWN Hash slot not served"), "results-unreachable"],
    [reply("OOM command not allowed when used memory > 'maxmemory'."), "results-unreachable"],
    [new Error("Connection is closed."), "results-unreachable"],
    [new Error("Command timed out"), "results-unreachable"],
    [reply("WRONGTYPE Operation against a key holding the wrong kind of value"), "results-refused"],
    [new CeleryError("closed", "it was closed"), "closed"],
  ])("%s is told as %s, and never with its arguments", (error, code) => {
    const told = toCeleryError(error, "h:1");
    expect(told.code).toBe(code);
    expect(told.cause).toBeUndefined();
    expect(JSON.stringify(told)).not.toContain("secret");
  });
});
