import { describe, expect, test } from "vitest";
import { chord, chunks, expandChunks, group, signature } from "../../src/canvas/canvas.ts";
import { chain } from "../../src/canvas/chain.ts";
import { link, linkError } from "../../src/canvas/link.ts";
import { unfold } from "../../src/canvas/unfold.ts";
import { createContent } from "../../src/content/content.ts";
import { decodeTask } from "../../src/task/decode.ts";
import { encodeTask } from "../../src/task/encode.ts";
import type { WireSignature } from "../../src/task/signature.ts";
import type { WireMessage } from "../../src/wire/message.ts";
import { canvasRecordings, recordedMessage } from "../support/canvas-recordings.ts";
import { text } from "../support/vectors.ts";

const content = createContent();
const recordings = new Map(canvasRecordings().map((each) => [each.name, each]));

describe("a canvas as Celery 5.7.0 writes it", () => {
  test.each([...recordings.values()])("$name is read, and written again as it was", ({ client, worker }) => {
    const messages = [...client, ...worker].map(recordedMessage);
    expect(messages.map((each) => parsed(encodeTask(decodeTask(each, content), content)))).toEqual(
      messages.map(parsed),
    );
  });
});

function parsed({ headers, properties, body }: WireMessage): object {
  return { headers, properties, body: JSON.parse(text(body)) as unknown };
}

const task = (name: string, ...args: readonly number[]): WireSignature => signature(`demo.${name}`, { args });
const add = (...args: readonly number[]): WireSignature => task("add", ...args);
const mul = (...args: readonly number[]): WireSignature => task("mul", ...args);
const only = (each: WireSignature): WireSignature => ({ ...each, immutable: true });
const tsum = task("tsum");
const ident = task("ident");
const onError = task("on_error");
const pair = (number = 1): WireSignature => group(add(number), mul(number + 1));
const numbers = (count: number): [number, number][] => Array.from({ length: count }, (_, each) => [each, each]);

/** Canvases whose messages are ours, too, by the names of the recordings. */
const sent: Readonly<Record<string, WireSignature>> = {
  "group-of-one": group(add(1, 2)),
  "group-of-group-of-one": group(group(add(1, 2))),
  "chord-header-of-one": chord([add(1, 2)], tsum),
  "chord-header-group-of-one": chord([group(add(1, 2))], tsum),
  "group-empty": group(),
  "chain-empty": chain(),
  "chord-header-group-empty": chord([group(), add(1, 1)], tsum),
  "chunks-group": expandChunks(chunks(task("add"), numbers(5), 2)),
  "chunks-of-one": expandChunks(chunks(task("add"), [[1, 1]], 2)),
  "chain-links": linkError(link(chain(add(1, 1), mul(3)), ident), onError),
  "chord-links": linkError(link(chord([add(1, 1), add(2, 2)], tsum), ident), onError),
  "chord-fails": linkError(
    linkError(link(chord([add(1, 1), task("fail")], tsum), ident), onError),
    task("on_error_old"),
  ),
  "link-chain": link(add(1, 1), chain(add(2), pair(), tsum)),
  "link-group": link(add(1, 1), pair()),
  "errback-stored": linkError(task("fail"), signature("demo.on_error", { args: ["stored"] })),
  "errback-immutable": linkError(task("fail"), only(signature("demo.on_error_old", { args: ["given"] }))),
  "errback-chain": linkError(task("fail"), chain(task("on_error_old"), ident)),
};

describe("a canvas of ours", () => {
  test.each(Object.entries(sent))("%s is written as Celery 5.7.0 writes it", (name, canvas) => {
    const { steps } = unfold(canvas, mint());
    const own = steps.flatMap((step) => (step.do === "send" ? [wire(encodeTask(step.task, content))] : []));
    const its = recordings.get(name)?.client.map((each) => wire(recordedMessage(each)));
    expect(named(own)).toEqual(named(its ?? []));
  });
});

/** Body and headers, but for what differs from sender to sender. */
function wire({ headers, body }: WireMessage): object {
  const { lang: _lang, origin: _origin, argsrepr: _args, kwargsrepr: _kwargs, ...rest } = headers;
  return { headers: rest, body: JSON.parse(text(body)) as unknown };
}

const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|id-\d+|me-reply/g;

/** The same with ids by the order in which they come. */
function named(messages: readonly object[]): unknown {
  const ids = new Map<string, string>();
  const name = (id: string): string => ids.get(id) ?? ids.set(id, `#${ids.size}`).get(id) ?? id;
  return JSON.parse(JSON.stringify(messages).replaceAll(ID, name));
}

function mint() {
  let count = 0;
  return { id: () => `id-${(count += 1)}`, now: 0, origin: "me", replyTo: "me-reply" };
}
