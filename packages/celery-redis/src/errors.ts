import { CeleryError, type CeleryErrorCode } from "@leveret/celery-amqp";

/**
 * Error codes of Redis with what they mean. Source: redis.conf, `src/server.c` `createSharedObjects`, `src/cluster.c`.
 * A code that is not here is an answer that stays the same: `results-refused`.
 */
const replies: ReadonlyMap<string, CeleryErrorCode> = new Map([
  // The login, or a rule of the ACL: given back by the operator.
  ["WRONGPASS", "access-refused"],
  ["NOAUTH", "access-refused"],
  ["NOPERM", "access-refused"],
  // Not now: it starts, is full, cannot write to its disk, or runs a script.
  ["LOADING", "results-unreachable"],
  ["OOM", "results-unreachable"],
  ["MISCONF", "results-unreachable"],
  ["BUSY", "results-unreachable"],
  ["UNKILLABLE", "results-unreachable"],
  ["NOSCRIPT", "results-unreachable"],
  ["EXECABORT", "results-unreachable"],
  // Not here any more: a failover or a move of slots.
  ["READONLY", "results-unreachable"],
  ["MASTERDOWN", "results-unreachable"],
  ["NOREPLICAS", "results-unreachable"],
  ["INPROG", "results-unreachable"],
  ["MOVED", "results-unreachable"],
  ["ASK", "results-unreachable"],
  ["TRYAGAIN", "results-unreachable"],
  ["CLUSTERDOWN", "results-unreachable"],
  // Another program has put something else under the key, or the keys of one command lie on two nodes.
  ["WRONGTYPE", "results-refused"],
  ["CROSSSLOT", "results-refused"],
]);

/** Answers under the general code `ERR`, by their words. */
const generalReplies: readonly (readonly [RegExp, CeleryErrorCode])[] = [
  [/^invalid (?:username-)?password|AUTH .*without any password|Client sent AUTH/i, "access-refused"],
  [/The user executing the script can't|ACL failure in script/i, "access-refused"],
  [/max number of clients/i, "results-unreachable"],
  [/invalid bulk length|invalid multibulk length|maximum allowed size/i, "message-too-large"],
];

/**
 * What a failed command means, for programs and people. The error of ioredis is not its cause: it holds the arguments of the
 * command, which may be a password.
 */
export function toCeleryError(error: unknown, where: string): CeleryError {
  if (error instanceof CeleryError) return error;
  const answer = answerIn(error);
  if (answer === null) {
    const message = error instanceof Error ? error.message : String(error);
    return new CeleryError("results-unreachable", `Redis at ${where} does not answer: ${message}`);
  }
  const code = codeOf(answer);
  const text = `Redis at ${where} ${code === "results-unreachable" ? "cannot serve now" : "refused"}: ${answer}`;
  return new CeleryError(code, hints.has(code) ? `${text}. ${hints.get(code)}` : text);
}

const hints: ReadonlyMap<CeleryErrorCode, string> = new Map([
  ["access-refused", "Check user, password and rights"],
  ["message-too-large", "Redis takes no value above its proto-max-bulk-len"],
]);

/** What Redis itself said; null where the error is of the connection. */
function answerIn(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (error.name === "ReplyError") return error.message;
  // A cluster tells why its last node did not do.
  return "lastNodeError" in error ? answerIn(error.lastNodeError) : null;
}

function codeOf(answer: string): CeleryErrorCode {
  const [, name = "ERR", words = ""] = /^-?([A-Z]+) (.*)$/s.exec(inScript(answer)) ?? [];
  if (name !== "ERR") return replies.get(name) ?? "results-refused";
  return generalReplies.find(([pattern]) => pattern.test(words))?.[1] ?? "results-refused";
}

/** Before version 7 Redis puts the error of a command that a script ran behind words of its own. */
function inScript(answer: string): string {
  return /^ERR Error running script .*?@user_script: ?\d+: (?:@user_script: ?\d+: )?(.*)$/s.exec(answer)?.[1] ?? answer;
}
