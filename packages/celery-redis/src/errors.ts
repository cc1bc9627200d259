import { CeleryError, type CeleryErrorCode } from "@leveret/celery-amqp";

/**
 * Error codes for the error replies of Redis. Source: redis.conf, `src/server.c` `createSharedObjects`,
 * `src/cluster.c`. All other replies are permanent: `results-refused`.
 */
const replies: ReadonlyMap<string, CeleryErrorCode> = new Map([
  // The login, or a rule of the ACL: an operator must change it.
  ["WRONGPASS", "access-refused"],
  ["NOAUTH", "access-refused"],
  ["NOPERM", "access-refused"],
  // Transient: Redis starts, is full, cannot write to its disk, or runs a script.
  ["LOADING", "results-unreachable"],
  ["OOM", "results-unreachable"],
  ["MISCONF", "results-unreachable"],
  ["BUSY", "results-unreachable"],
  ["UNKILLABLE", "results-unreachable"],
  ["NOSCRIPT", "results-unreachable"],
  ["EXECABORT", "results-unreachable"],
  // Another node has the key now: a failover or a move of slots.
  ["READONLY", "results-unreachable"],
  ["MASTERDOWN", "results-unreachable"],
  ["NOREPLICAS", "results-unreachable"],
  ["INPROG", "results-unreachable"],
  ["MOVED", "results-unreachable"],
  ["ASK", "results-unreachable"],
  ["TRYAGAIN", "results-unreachable"],
  ["CLUSTERDOWN", "results-unreachable"],
  // Another program has stored another type under the key, or the keys of one command are on two nodes.
  ["WRONGTYPE", "results-refused"],
  ["CROSSSLOT", "results-refused"],
]);

/** Replies with the general code `ERR`, by their text. */
const generalReplies: readonly (readonly [RegExp, CeleryErrorCode])[] = [
  [/^invalid (?:username-)?password|AUTH .*without any password|Client sent AUTH/i, "access-refused"],
  [/The user executing the script can't|ACL failure in script/i, "access-refused"],
  [/max number of clients/i, "results-unreachable"],
  [/invalid bulk length|invalid multibulk length|maximum allowed size/i, "message-too-large"],
];

/**
 * The CeleryError of a failed command. The error of ioredis is not its cause, since it has the arguments of the
 * command, which may be a password.
 */
export function toCeleryError(error: unknown, where: string): CeleryError {
  if (error instanceof CeleryError) return error;
  const answer = answerIn(error);
  if (answer === null) {
    const message = error instanceof Error ? error.message : String(error);
    return new CeleryError("results-unreachable", `Redis does not answer: ${where} (${message}). Check that it runs.`);
  }
  const code = codeOf(answer);
  const text = `Redis ${code === "results-unreachable" ? "is unavailable" : "refused the command"}: ${where} (${answer}).`;
  return new CeleryError(code, hints.has(code) ? `${text} ${hints.get(code)}` : text);
}

const hints: ReadonlyMap<CeleryErrorCode, string> = new Map([
  ["access-refused", "Check user, password and permissions."],
  ["message-too-large", "Return a smaller result, or raise Redis' proto-max-bulk-len."],
]);

/** The error reply of Redis; null where the error is of the connection. */
function answerIn(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (error.name === "ReplyError") return error.message;
  // A cluster reports the error of its last node.
  return "lastNodeError" in error ? answerIn(error.lastNodeError) : null;
}

function codeOf(answer: string): CeleryErrorCode {
  const [, name = "ERR", words = ""] = /^-?([A-Z]+) (.*)$/s.exec(inScript(answer)) ?? [];
  if (name !== "ERR") return replies.get(name) ?? "results-refused";
  return generalReplies.find(([pattern]) => pattern.test(words))?.[1] ?? "results-refused";
}

/** Before version 7 Redis adds a prefix to the error of a command that a script ran. */
function inScript(answer: string): string {
  return /^ERR Error running script .*?@user_script: ?\d+: (?:@user_script: ?\d+: )?(.*)$/s.exec(answer)?.[1] ?? answer;
}
