import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { describeAddress, parseAddresses } from "../../src/amqp/address.ts";

describe("broker URLs are read as kombu reads them", () => {
  test.each([
    ["amqp://", "guest", "guest", "localhost", 5672, "/"],
    ["amqp://h", "guest", "guest", "h", 5672, "/"],
    ["amqp://h/", "guest", "guest", "h", 5672, "/"],
    ["amqp://h//", "guest", "guest", "h", 5672, "/"],
    ["amqp://h/%2F", "guest", "guest", "h", 5672, "/"],
    ["amqp://h/%2f", "guest", "guest", "h", 5672, "/"],
    ["amqp://h/name", "guest", "guest", "h", 5672, "name"],
    ["amqp://h//name", "guest", "guest", "h", 5672, "/name"],
    ["amqp://h/a%20b%C3%BC", "guest", "guest", "h", 5672, "a bü"],
    ["amqp://h/a%zzb", "guest", "guest", "h", 5672, "a%zzb"],
    ["amqp://u:p@h:1234/v", "u", "p", "h", 1234, "v"],
    ["amqp://u:p%40%2F%23%3A@h", "u", "p@/#:", "h", 5672, "/"],
    ["amqp://u:p@x@h", "u", "p@x", "h", 5672, "/"],
    ["amqp://u:a:b@h", "u", "a:b", "h", 5672, "/"],
    ["amqp://u:a;b@h", "u", "a;b", "h", 5672, "/"],
    ["amqp://u:100% sure@h", "u", "100% sure", "h", 5672, "/"],
    ["amqp://u@h", "u", "guest", "h", 5672, "/"],
    ["amqp://:p@h", "guest", "p", "h", 5672, "/"],
    ["amqp://u:p@[::1]:99/v", "u", "p", "::1", 99, "v"],
    ["amqps://h", "guest", "guest", "h", 5671, "/"],
    ["pyamqp://h", "guest", "guest", "h", 5672, "/"],
    [" AMQP://h ", "guest", "guest", "h", 5672, "/"],
  ])("%s", (url, user, password, host, port, vhost) => {
    const [address, ...others] = parseAddresses(url);
    expect(others).toEqual([]);
    expect(address).toMatchObject({ user, host, port, vhost, tls: url.startsWith("amqps") });
    expect(address?.password.reveal()).toBe(password);
  });

  test("several addresses come as a list, or with semicolons between", () => {
    for (const url of [
      "amqp://a;amqp://b;amqps://c",
      "amqp://a; amqp://b;amqp://c;",
      ["amqp://a", "amqp://b;amqp://c"],
    ]) {
      expect(parseAddresses(url).map(({ host }) => host)).toEqual(["a", "b", "c"]);
    }
  });

  test("a heartbeat may stand in the URL", () => {
    expect(parseAddresses("amqp://h/v?heartbeat=30")[0]).toMatchObject({ vhost: "v", heartbeatSeconds: 30 });
  });
});

describe("what cannot be read is refused, and no password is shown", () => {
  test.each([
    "http://user:hunter2@h",
    "user:hunter2@h",
    "amqp:/user:hunter2@h",
    "amqp://user:hunter2@h:port",
    "amqp://user:hunter2@h:70000",
    "amqp://user:hun#ter2@h",
    "amqp://user:12?hunter2@h/",
    "amqp://user:12/hunter2@h/",
    "amqp://user:p@hunter2/w@h/v",
    "amqp://user:hunter2",
    "amqp://a;amqp://user:12;hunter2",
    "amqp://a;amqp://user:12?hunter2@h",
    "amqp://a;hunter2",
    "amqp://user:hun;amqp://ter2@h",
    "amqp://user:hunter2@h/v?unknown=1",
    "",
    [],
    [7 as unknown as string],
  ])("%s", (url) => {
    const attempt = () => parseAddresses(url);
    expect(attempt).toThrow(expect.objectContaining({ code: "option-invalid" }));
    expect(attempt).not.toThrow(/hunter2|ter2/);
    expect(attempt).not.toThrow(expect.objectContaining({ stack: expect.stringMatching(/hunter2|ter2/) }));
    expect(attempt).not.toThrow(expect.objectContaining({ cause: expect.anything() }));
  });

  test("an address is shown, inspected and serialised without its password", () => {
    const [address] = parseAddresses("amqp://us%40er:hunter2@h:1/v%2Fw");
    expect(describeAddress(address!)).toBe("amqp://h:1/v%2Fw");
    expect(
      inspect(address, { depth: 5, showHidden: true }) + JSON.stringify(address) + String(address!.password),
    ).not.toContain("hunter2");
  });
});
