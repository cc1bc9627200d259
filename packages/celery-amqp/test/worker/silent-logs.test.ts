import { codecs } from "@leveret/celery-codecs";
import { createContent, encodeTask, newTask, type Serializer, type WireMessage } from "@leveret/celery-protocol";
import { expect, test } from "vitest";
import { createLineLogger } from "../../src/worker/reporting/log-lines.ts";
import { type Harness, startWorker } from "./harness.ts";
import * as tasks from "./silent-tasks.ts";

/** Stands in all arguments; no line may hold it. */
const canary = "hUnTeR2-cAnArY";

const careless: Serializer = {
  name: "careless",
  contentType: "application/x-careless",
  contentEncoding: "utf-8",
  encode: () => new Uint8Array(),
  decode: (body) => {
    throw new SyntaxError(`unexpected ${Buffer.from(body).toString()}`);
  },
};

const { dying: _dying, ...inline } = tasks;
const options = {
  ...codecs,
  serializers: [...(codecs.serializers ?? []), careless],
  accept: ["json", "yaml", "msgpack", "careless"],
};

async function linesAfter(give: (harness: Harness) => Promise<unknown>): Promise<string> {
  const harness = await startWorker(Object.values(inline), options);
  await give(harness);
  for (let round = 0; round < 5; round += 1) await harness.clock.advance(1_000);
  await harness.worker.stop();
  const written: string[] = [];
  for (const format of ["text", "json"] as const) {
    const log = createLineLogger({ level: "debug", format, now: () => 0, write: (line) => written.push(line) });
    for (const { level, message, fields } of harness.lines)
      log[level as "debug" | "info" | "warn" | "error"](message, fields);
  }
  return written.join("\n");
}

test.each([
  ["retries that are used up", tasks.retried.name, "MaxRetriesExceededError"],
  ["arguments that the schema refuses", tasks.checked.name, 'Arguments of task "silent.checked" did not pass'],
  ["a result that the schema refuses", tasks.badReturn.name, 'The value returned by task "silent.badReturn"'],
  ["a result that cannot be written", tasks.unwritable.name, "EncodeError"],
  ["a time limit", tasks.slow.name, "task failed"],
  ["an unknown task", "silent.unknown", "NotRegistered"],
])("%s: no argument in the log", async (_, task, reason) => {
  const written = await linesAfter((harness) => harness.send({ task, args: [canary] }));
  expect(written).toContain(reason.replaceAll('"', '\\"'));
  expect(written).not.toContain(canary);
});

test.each([
  ["too many arguments", { args: [canary, canary] }],
  ["keyword arguments of a positional task", { kwargs: { secret: canary } }],
])("%s: no argument in the log", async (_, given) => {
  const written = await linesAfter((harness) => harness.send({ task: tasks.positional.name, ...given }));
  expect(written).toContain("TypeError");
  expect(written).not.toContain(canary);
});

test("an errback that fails: no argument in the log", async () => {
  const errback = {
    task: tasks.errback.name,
    args: [],
    kwargs: {},
    options: {},
    subtaskType: null,
    immutable: false,
    extra: {},
  };
  const written = await linesAfter((harness) =>
    harness.publish(
      encodeTask(newTask({ id: "a", task: tasks.retried.name, args: [canary], errbacks: [errback] }), createContent()),
    ),
  );
  expect(written).toContain("an errback did not succeed");
  expect(written).not.toContain(canary);
});

const json = "application/json";
const yaml = "application/x-yaml";
test.each<[what: string, contentType: string, body: string]>([
  ["half of JSON", json, `[["${canary}"], {}, {`],
  ["a word", json, canary],
  ["a word behind a number", json, `[1.0, ${canary}]`],
  ["a string as body", json, `"${canary}"`],
  ["args that are a string", json, `["${canary}", {}, {}]`],
  ["kwargs that are a string", json, `[[], "${canary}", {}]`],
  ["an embed that is a string", json, `[[], {}, "${canary}"]`],
  ["a chain of strings", json, `[[], {}, {"chain": ["${canary}"]}]`],
  ["an unknown type", json, `[[{"__type__": "${canary}", "__value__": 1}], {}, {}]`],
  ["a value that does not fit", json, `[[{"__type__": "uuid", "__value__": "${canary}"}], {}, {}]`],
  ["a date that is none", json, `[[{"__type__": "datetime", "__value__": "${canary}"}], {}, {}]`],
  ["YAML with a tab", yaml, `- [ "${canary}`],
  ["YAML with a scalar too many", yaml, `"a" ${canary}`],
  ["YAML with an alias", yaml, `[*${canary}]`],
  ["YAML with a tag", yaml, `[!${canary} x]`],
  ["YAML with a value that does not fit", yaml, `[!!int ${canary}]`],
  ["YAML with a tagged map", yaml, `!${canary} {a: b}`],
  ["YAML with a directive", yaml, `%YAML ${canary}\n---\n[a`],
  ["msgpack", "application/x-msgpack", `\u00c1${canary}`],
  ["a type nobody accepts", "text/plain", canary],
  ["a pickle", "application/x-python-serialize", canary],
  ["a decoder that quotes", "application/x-careless", canary],
])("a body that cannot be decoded, %s: no argument in the log", async (_, contentType, body) => {
  const message: WireMessage = {
    headers: { task: tasks.retried.name, id: "a", lang: "py" },
    properties: { contentType, contentEncoding: "utf-8", replyTo: "replies" },
    body: Buffer.from(body, contentType.endsWith("msgpack") ? "latin1" : "utf8"),
  };
  const written = await linesAfter((harness) => harness.publish(message));
  expect(written).toContain("message put into the dead queue");
  expect(written).not.toContain(canary);
});
