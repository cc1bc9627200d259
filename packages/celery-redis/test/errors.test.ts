import { CeleryError } from "@leveret/celery-amqp";
import { describe, expect, test } from "vitest";
import { toCeleryError } from "../src/errors.ts";

function reply(message: string): Error {
  return Object.assign(new Error(message), { name: "ReplyError", command: { name: "auth", args: ["secret"] } });
}

const inScript = (message: string): Error =>
  reply(`ERR Error running script (call to f_91a2): @user_script:4: @user_script: 4: ${message}`);

const allFailed = (lastNodeError: Error): Error =>
  Object.assign(new Error("Failed to refresh slots cache."), { name: "ClusterAllFailedError", lastNodeError });

describe("a failed command", () => {
  test.each([
    [reply("WRONGPASS invalid username-password pair or user is disabled."), "access-refused"],
    [reply("NOAUTH Authentication required."), "access-refused"],
    [reply("NOPERM this user has no permissions to run the 'evalsha' command"), "access-refused"],
    [reply("NOPERM No permissions to access a key script: 3a, on @user_script:2."), "access-refused"],
    [reply("ERR invalid password"), "access-refused"],
    [reply("ERR invalid username-password pair"), "access-refused"],
    [reply("ERR Client sent AUTH, but no password is set"), "access-refused"],
    [reply("ERR AUTH <password> called without any password configured for the default user."), "access-refused"],
    [reply("ERR ACL failure in script: User web has no permissions to run the 'setex' command"), "access-refused"],
    [inScript("-NOPERM this user has no permissions to run the 'setex' command"), "access-refused"],
    [inScript("ERR The user executing the script can't run this command or subcommand"), "access-refused"],
    [allFailed(reply("WRONGPASS invalid username-password pair")), "access-refused"],
    [reply("READONLY You can't write against a read only replica."), "results-unreachable"],
    [inScript("-READONLY You can't write against a read only replica."), "results-unreachable"],
    [reply("LOADING Redis is loading the dataset in memory"), "results-unreachable"],
    [reply("CLUSTERDOWN Hash slot not served"), "results-unreachable"],
    [reply("TRYAGAIN Multiple keys request during rehashing of slot"), "results-unreachable"],
    [reply("MOVED 3999 127.0.0.1:6381"), "results-unreachable"],
    [reply("ASK 3999 127.0.0.1:6381"), "results-unreachable"],
    [reply("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."), "results-unreachable"],
    [reply("NOREPLICAS Not enough good replicas to write."), "results-unreachable"],
    [reply("INPROG Failover already in progress"), "results-unreachable"],
    [reply("OOM command not allowed when used memory > 'maxmemory'."), "results-unreachable"],
    [inScript("-OOM command not allowed when used memory > 'maxmemory'."), "results-unreachable"],
    [reply("MISCONF Redis is configured to save RDB snapshots, but it's unable to persist"), "results-unreachable"],
    [reply("BUSY Redis is busy running a script."), "results-unreachable"],
    [reply("UNKILLABLE Sorry the script already executed write commands"), "results-unreachable"],
    [reply("EXECABORT Transaction discarded because of previous errors."), "results-unreachable"],
    [reply("NOSCRIPT No matching script. Please use EVAL."), "results-unreachable"],
    [reply("ERR max number of clients reached"), "results-unreachable"],
    [allFailed(new Error("connect ECONNREFUSED")), "results-unreachable"],
    [Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" }), "results-unreachable"],
    [Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }), "results-unreachable"],
    [new Error("Connection is closed."), "results-unreachable"],
    [new Error("Command timed out"), "results-unreachable"],
    [new Error("Reached the max retries per request limit (which is 1)."), "results-unreachable"],
    [
      Object.assign(new Error('Protocol error, got "H" as reply type byte'), { name: "ParserError" }),
      "results-unreachable",
    ],
    [reply("WRONGTYPE Operation against a key holding the wrong kind of value"), "results-refused"],
    [reply("WRONGTYPE Operation against a key … script: 3a, on @user_script:9."), "results-refused"],
    [inScript("-WRONGTYPE Operation against a key holding the wrong kind of value"), "results-refused"],
    [reply("CROSSSLOT Keys in request don't hash to the same slot"), "results-refused"],
    [reply("ERR unknown command 'EVALSHA', with args beginning with: "), "results-refused"],
    [reply("ERR DB index is out of range"), "results-refused"],
    [reply("NEWCODE of a later version"), "results-refused"],
    [reply("ERR Protocol error: invalid bulk length"), "message-too-large"],
    [reply("ERR string exceeds maximum allowed size (proto-max-bulk-len)"), "message-too-large"],
    [new CeleryError("closed", "it was closed"), "closed"],
    ["a string", "results-unreachable"],
  ])("%s is told as %s, and never with its arguments", (error, code) => {
    const told = toCeleryError(error, "h:1");
    expect(told.code).toBe(code);
    expect(told.cause).toBeUndefined();
    expect(JSON.stringify(told)).not.toContain("secret");
  });
});
