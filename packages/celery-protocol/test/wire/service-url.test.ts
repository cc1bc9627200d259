import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { maskUrls, readServiceUrl, Secret, splitServiceUrls } from "../../src/wire.ts";

const form = { noun: "broker URL", schemes: ["amqp", "amqps", "redis", "http"], example: "amqp://user:password@host" };
/** Stands in every login of the tables; no error may show it. */
const canary = "hUnTeR2";

describe("a URL is read as it is meant", () => {
  test.each<
    [url: string, user: string | null, password: string | null, host: string, port: number | null, path: string]
  >([
    ["amqp://", null, null, "", null, ""],
    ["amqp://h", null, null, "h", null, ""],
    ["amqp://h:1/v", null, null, "h", 1, "/v"],
    ["amqp://h//", null, null, "h", null, "//"],
    ["amqp://u:p@h:1/v%2Fw", "u", "p", "h", 1, "/v%2Fw"],
    ["amqp://u@h", "u", null, "h", null, ""],
    ["amqp://:p@h", null, "p", "h", null, ""],
    ["amqp://@h", null, null, "h", null, ""],
    ["amqp://u:a:b@h", "u", "a:b", "h", null, ""],
    ["amqp://u:a@b@h", "u", "a@b", "h", null, ""],
    ["amqp://u:a;b@h", "u", "a;b", "h", null, ""],
    ["amqp://u:a b@h", "u", "a b", "h", null, ""],
    ["amqp://u:100%@h", "u", "100%", "h", null, ""],
    ["amqp://u:%zz@h", "u", "%zz", "h", null, ""],
    ["amqp://u:%ff@h", "u", "%ff", "h", null, ""],
    ["amqp://u:%25%40%2F%3f%23@h", "u", "%@/?#", "h", null, ""],
    ["amqp://u:[x]@h", "u", "[x]", "h", null, ""],
    ["amqp://u:päß@h", "u", "päß", "h", null, ""],
    ["amqp://u:a\\b\"'<>^`{|}@h", "u", "a\\b\"'<>^`{|}", "h", null, ""],
    ["amqp://u:&=+$,!*()@h", "u", "&=+$,!*()", "h", null, ""],
    ["amqp://u%3Ax:p@h", "u:x", "p", "h", null, ""],
    ["amqp://u:p@[::1]:7/v", "u", "p", "::1", 7, "/v"],
    ["amqp://u:p@[fe80::1%eth0]", "u", "p", "fe80::1%eth0", null, ""],
    [" REDIS://h/1 ", null, null, "h", null, "/1"],
    ["redis:///run/x.sock", null, null, "", null, "/run/x.sock"],
  ])("%s", (url, user, password, host, port, path) => {
    const read = readServiceUrl(url, form);
    expect({ ...read, password: read.password?.reveal() ?? null }).toMatchObject({ user, password, host, port, path });
  });

  test("its parameters are decoded, in their order", () => {
    expect(readServiceUrl("amqp://h/v?a=1%202&b=c+d&c", form).parameters).toEqual([
      ["a", "1 2"],
      ["b", "c d"],
      ["c", ""],
    ]);
  });

  test("semicolons part URLs, and stay in passwords", () => {
    expect(splitServiceUrls("amqp://u:a;b@h;amqp://u:c@i; redis://j;")).toEqual([
      "amqp://u:a;b@h",
      "amqp://u:c@i",
      " redis://j",
      "",
    ]);
  });
});

describe("a URL that cannot be read is refused, and no part of it is shown", () => {
  const login = `${canary}U:${canary}P`;
  test.each([
    `amqp://${login}?${canary}@h`,
    `amqp://${login}/${canary}@h/v`,
    `amqp://${login}#${canary}@h/v`,
    `amqp://u:12?${canary}@h/`,
    `amqp://u:12/${canary}@h/`,
    `amqp://u:12#${canary}@h/`,
    `amqp://u:a@${canary}/b@h/v`,
    `amqp://u:a@${canary}?b@h/v`,
    `amqp://u:a@b:1/${canary}@h`,
    `amqp://u:/${canary}@h`,
    `amqp://u:?#/${canary}@h`,
    `amqp://${login}@h:port`,
    `amqp://${login}@h:0`,
    `amqp://${login}@h:70000`,
    `amqp://${login}@h:1:2`,
    `amqp://${login}@h x`,
    `amqp://${login}@h;i`,
    `amqp://${login}@a,b`,
    `amqp://${login}@[::1`,
    `amqp://${login}@h%00`,
    `amqp://${login}@h\u0000`,
    `amqp://${login}@h\r\nX`,
    `amqp://${login}@h\u202e`,
    `amqp://${login}@h#x`,
    `amqp://${login}`,
    `amqp://u:${canary}`,
    `amqp:/${login}@h`,
    `amqp:${login}@h`,
    `amqp//${login}@h`,
    `${login}@h`,
    `//${login}@h`,
    `://${login}@h`,
    `ftp://${login}@h`,
    `${canary}://u:p@h`,
    `amqp ://${login}@h`,
    canary,
    "",
    "amqp",
    "::",
  ])("%j", (url) => {
    const error = thrownBy(() => readServiceUrl(url, form));
    expect(error).toMatchObject({ code: "option-invalid" });
    expect(everythingOf(error)).not.toContain(canary);
  });

  test("the error of a misplaced @ names the characters to encode", () => {
    expect(() => readServiceUrl(`amqp://u:1?${canary}/@h`, form)).toThrow(/unencoded "\/" and "\?".*%3F for \?/);
  });
});

test("a secret is neither shown, inspected nor serialised", () => {
  const secret = new Secret(canary);
  expect(String(secret) + JSON.stringify({ secret }) + inspect(secret, { showHidden: true })).not.toContain(canary);
});

test.each([
  [`unknown option '--brokr=amqp://u:${canary}@h/v'`, "unknown option '--brokr=amqp://***@h/v'"],
  [`got amqp://u:a ${canary}@h, redis://:${canary}/@i`, "got amqp://***@i"],
  [`unknown command 'u:${canary}@h'`, "unknown command '***@h'"],
  [`amqp:/u:${canary}@h`, "amqp:/***@h"],
  [`//u:${canary}?#@h`, "//***@h"],
  ["no login at celery@host", "no login at celery@host"],
  ["// and nothing", "// and nothing"],
])("a login in %j is masked", (text, masked) => {
  expect(maskUrls(text)).toBe(masked);
});

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return null;
}

/** All that a log, a terminal or a debugger may show of an error. */
function everythingOf(error: unknown): string {
  return `${String(error)} ${(error as Error).stack} ${inspect(error, { showHidden: true, depth: 9 })}`;
}
