import { describe, expect, test } from "vitest";
import { createContent } from "../../src/content/content.ts";
import type { Serializer } from "../../src/content/serializer.ts";
import { decodeTask } from "../../src/task/decode.ts";
import { encodeTask } from "../../src/task/encode.ts";
import type { WireMessage, WireProperties } from "../../src/wire/message.ts";

const content = createContent();
const minimal = { task: "tasks.add", id: "t-1" };

function message(body: string, headers: WireMessage["headers"] = {}, properties: WireProperties = {}): WireMessage {
  return {
    headers,
    properties: { contentType: "application/json", ...properties },
    body: new TextEncoder().encode(body),
  };
}

const version2 = (headers: WireMessage["headers"], body = "[[2, 3], {}, {}]") =>
  decodeTask(message(body, { ...minimal, ...headers }), content);

const version1 = (fields: Readonly<Record<string, unknown>>) =>
  decodeTask(message(JSON.stringify({ ...minimal, ...fields })), content);

describe("protocol 2", () => {
  test("needs a name, an id and three items", () => {
    expect(version2({})).toEqual({
      protocol: 2,
      id: "t-1",
      task: "tasks.add",
      args: [2, 3],
      kwargs: {},
      lang: null,
      shadow: null,
      eta: null,
      expires: null,
      retries: 0,
      timeLimit: { hardSeconds: null, softSeconds: null },
      rootId: null,
      parentId: null,
      group: null,
      groupIndex: null,
      argsRepr: null,
      kwargsRepr: null,
      origin: null,
      ignoreResult: null,
      replacedTaskNesting: 0,
      stampedHeaders: null,
      stamps: {},
      extraHeaders: {},
      replyTo: null,
      correlationId: null,
      priority: null,
      expirationMs: null,
      persistent: true,
      serializer: "json",
      compression: null,
      callbacks: [],
      errbacks: [],
      chain: null,
      chord: null,
      deliveryInfo: null,
    });
  });

  test("takes the headers of any sender", () => {
    const task = version2({
      id: 7,
      retries: "3",
      timelimit: [30n, 1.5],
      group_index: 2n,
      ignore_result: 1,
      replaced_task_nesting: 1n,
      stamped_headers: ["tag"],
      stamps: { tag: ["a"] },
      shadow: 5,
      origin: { odd: true },
      "x-death": [{ count: 1 }],
      "x-none": undefined,
    });
    expect(task).toMatchObject({
      id: "7",
      retries: 3,
      timeLimit: { hardSeconds: 30, softSeconds: 1.5 },
      groupIndex: 2,
      ignoreResult: true,
      replacedTaskNesting: 1,
      stampedHeaders: ["tag"],
      stamps: { tag: ["a"] },
      shadow: null,
      origin: null,
      extraHeaders: { "x-death": [{ count: 1 }] },
    });
  });

  test.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ["an empty name", { task: "" }, /no task/],
    ["a name that is null", { task: null }, /no task/],
    ["a name that is a list", { task: ["a"] }, /task is an array, not a string/],
    ["no id", { id: undefined }, /no id/],
    ["an id that is null", { id: null }, /no id/],
    ["an id that is an object", { id: {} }, /id is an object, not a string/],
    ["an eta that is a number", { eta: 1.5 }, /eta is a number, not a time as a string/],
    ["an eta that is no time", { eta: "soon" }, /eta is not a time: "soon"/],
    ["an empty eta", { eta: "" }, /eta/],
    ["expires that is no time", { expires: "2024-02-30" }, /expires is not a time/],
    ["one time limit", { timelimit: [1] }, /timelimit is not two numbers/],
    ["three time limits", { timelimit: [1, 2, 3] }, /timelimit/],
    ["time limits as text", { timelimit: ["1", null] }, /timelimit is not two numbers \[hard, soft\] but has a string/],
    ["a negative time limit", { timelimit: [-1, null] }, /timelimit/],
    ["a time limit without end", { timelimit: [Infinity, null] }, /timelimit/],
    ["retries that are no number", { retries: "many" }, /retries is a string, not an integer from 0/],
    ["half a retry", { retries: 0.5 }, /retries/],
    ["negative retries", { retries: -1 }, /retries/],
    ["retries as a list", { retries: [1] }, /retries/],
    ["a group that is a flag", { group: true }, /group is a boolean, not a string/],
    ["an index of a group beyond all numbers", { group_index: 2n ** 80n }, /group_index/],
    ["an ignore_result that is a text", { ignore_result: "yes" }, /ignore_result is a string, not true or false/],
    ["stamps that are a list", { stamps: [] }, /stamps is an array, not an object/],
    ["names of stamps that are none", { stamped_headers: [1] }, /stamped_headers is not a list of strings/],
    ["names of stamps that are no list", { stamped_headers: "tag" }, /stamped_headers/],
  ])("refuses %s", (_what, headers, why) => {
    expect(() => version2(headers)).toThrow(
      expect.objectContaining({ code: "message-invalid", fault: "remote", message: expect.stringMatching(why) }),
    );
  });

  test.each<[string, string]>([
    ["null args and kwargs", "[null, null, null]"],
    ["an embed of nulls", '[[], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]'],
    ["an empty list of callbacks", '[[], {}, {"callbacks": [], "errbacks": []}]'],
    ["a fourth item", "[[], {}, {}, 1]"],
  ])("takes %s as nothing", (_what, body) => {
    expect(version2({}, body)).toMatchObject({ args: [], kwargs: {}, callbacks: [], errbacks: [], chord: null });
  });

  test("takes the keys of an object as arguments, as Python's call with a star does", () => {
    expect(version2({}, '[{"x": 1, "y": 2}, {}, {}]').args).toEqual(["x", "y"]);
  });

  test("tells the last step of a chain from a task outside of one", () => {
    expect(version2({}, '[[], {}, {"chain": []}]').chain).toEqual([]);
    expect(version2({}, "[[], {}, {}]").chain).toBeNull();
  });

  test.each<[string, string, RegExp]>([
    ["a body of two items", "[[], {}]", /2 items/],
    ["a body of none", "[]", /0 items/],
    ["a body that is a text", '"x"', /\[args, kwargs, embed\]/],
    ["a body that is null", "null", /null, not \[args, kwargs, embed\]/],
    ["an object without args", '{"a": 1}', /an object, not \[args, kwargs, embed\]/],
    ["args that are a text", '["ab", {}, {}]', /args is a string, not a list/],
    ["kwargs that are a list", "[[], [], {}]", /kwargs is an array, not an object/],
    ["an embed that is a list", "[[], {}, []]", /embed is an array, not an object/],
    [
      "callbacks that are an object",
      '[[], {}, {"callbacks": {"task": "a"}}]',
      /callbacks is an object, not a list of signatures/,
    ],
    ["a chain that holds texts", '[[], {}, {"chain": ["a"]}]', /a signature is a string, not an object/],
    ["a chord that is a list", '[[], {}, {"chord": []}]', /a signature is an array, not an object/],
  ])("refuses %s", (_what, body, why) => {
    expect(() => version2({}, body)).toThrow(
      expect.objectContaining({ code: "message-invalid", message: expect.stringMatching(why) }),
    );
  });
});

describe("protocol 1", () => {
  test("needs a name and an id", () => {
    expect(version1({})).toMatchObject({
      protocol: 1,
      id: "t-1",
      task: "tasks.add",
      args: [],
      kwargs: {},
      chain: null,
    });
  });

  test("takes whole floats for the numbers they are", () => {
    const body = '{"task": "a", "id": "t", "timelimit": [30.0, 1.5], "retries": 2.0}';
    expect(decodeTask(message(body), content)).toMatchObject({
      timeLimit: { hardSeconds: 30, softSeconds: 1.5 },
      retries: 2,
    });
  });

  test("takes the group from taskset, else from group", () => {
    expect(version1({ taskset: "a", group: "b" }).group).toBe("a");
    expect(version1({ group: "b" }).group).toBe("b");
  });

  test("takes a time without offset for UTC", () => {
    expect(version1({ eta: "2024-05-06T07:08:09", utc: false }).eta?.epochMs).toBe(Date.parse("2024-05-06T07:08:09Z"));
  });

  test("keeps custom headers", () => {
    const body = JSON.stringify(minimal);
    const headers = { "x-tenant": "acme", lang: "go" };
    expect(decodeTask(message(body, headers), content).extraHeaders).toEqual(headers);
  });

  test("has no chain, whatever the body says", () => {
    expect(version1({ chain: [{ task: "b", args: [], kwargs: {}, options: {} }] }).chain).toBeNull();
  });

  test.each<[string, string]>([
    ["a list", "[[], {}, {}]"],
    ["a text", '"x"'],
    ["null", "null"],
    ["an object without a name", '{"id": "t"}'],
    ["an object without an id", '{"task": "a"}'],
    ["kwargs that are a list", '{"task": "a", "id": "t", "kwargs": []}'],
  ])("refuses %s", (_what, body) => {
    expect(() => decodeTask(message(body), content)).toThrow(
      expect.objectContaining({ code: "message-invalid", fault: "remote" }),
    );
  });
});

test("in the hybrid, the headers win over the body", () => {
  const body = '{"args": [1], "kwargs": {"k": 2}, "retries": 4, "id": "body", "taskset": "g", "callbacks": null}';
  expect(decodeTask(message(body, { ...minimal, shadow: "s" }), content)).toMatchObject({
    protocol: 2,
    id: "t-1",
    args: [1],
    kwargs: { k: 2 },
    retries: 4,
    shadow: "s",
    extraHeaders: {},
  });
});

test("properties and delivery become fields", () => {
  const deliveryInfo = { exchange: "", routingKey: "celery", redelivered: true };
  const properties = { replyTo: "r", correlationId: "c", priority: 3, persistent: false, expirationMs: 5 };
  expect(decodeTask(message("[[], {}, {}]", minimal, properties), content, deliveryInfo)).toMatchObject({
    ...properties,
    deliveryInfo,
  });
});

describe("what is its sender's own business is written again as it came", () => {
  const v1 = (fields: object): string => JSON.stringify({ id: "t-1", task: "demo.add", ...fields });

  test.each([
    [{ messageId: "m-1", type: "order", appId: "shop", timestampSeconds: 1_764_500_000 }],
    [{ messageId: "" }],
    [{ type: "order" }],
    [{ appId: "shop" }],
    [{ timestampSeconds: 0 }],
  ])("%o, by protocol 2 and 1", (properties) => {
    for (const sent of [message("[[], {}, {}]", minimal, properties), message(v1({}), {}, properties)]) {
      const task = decodeTask(sent, content);
      expect(task.properties).toEqual(properties);
      expect(encodeTask(task, content).properties).toMatchObject(properties);
    }
  });

  test("a message without any has none", () => {
    expect(decodeTask(message("[[], {}, {}]", minimal), content)).not.toHaveProperty("properties");
  });

  test("the name of the broker's user is not", () => {
    const task = decodeTask(message("[[], {}, {}]", minimal, { userId: "guest", appId: "shop" }), content);
    expect(encodeTask(task, content).properties).not.toHaveProperty("userId");
  });

  test.each([
    [{ utc: false }, false],
    [{ utc: true }, true],
    [{}, true],
    [{ utc: null }, true],
    [{ utc: "no" }, true],
  ])("%o of protocol 1 becomes %s", (fields, utc) => {
    const { body } = encodeTask(decodeTask(message(v1(fields)), content), content);
    expect(JSON.parse(new TextDecoder().decode(body))).toMatchObject({ utc });
  });
});

test("an empty reply_to is none", () => {
  expect(decodeTask(message("[[], {}, {}]", minimal, { replyTo: "", correlationId: "" }), content)).toMatchObject({
    replyTo: null,
    correlationId: null,
  });
});

test("a serializer that Celery does not bring goes by its content type", () => {
  const own: Serializer = {
    name: "own",
    contentType: "application/own",
    contentEncoding: "binary",
    encode: () => new Uint8Array(),
    decode: () => [[], {}, {}],
  };
  const plugged = createContent({ serializers: [own], accept: ["own"] });
  const task = decodeTask(message("", minimal, { contentType: "application/own" }), plugged);
  expect(task.serializer).toBe("application/own");
});
