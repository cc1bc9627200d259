import type { FromChild, ToChild } from "./messages.ts";

// Libraries in a child send messages of their own by `process.send` and `parentPort`, and listen to the parent's. So the
// messages of a pool have an envelope with a secret mark, and are checked once they are open.

const field = "@leveret/pool";

/** A message in its envelope. */
export interface Sealed {
  readonly [field]: string;
  readonly message: FromChild | ToChild;
}

/** Closes and opens the envelopes of one child, on either side. */
export class Seal<Received extends FromChild | ToChild> {
  readonly #shapes: Shapes;
  #mark: string | null;

  /** @param mark - null on the side of the child, which takes it from its first message: only its parent can send that */
  constructor(mark: string | null, shapes: Shapes) {
    this.#mark = mark;
    this.#shapes = shapes;
  }

  close(message: FromChild | ToChild): Sealed {
    return { [field]: this.#mark ?? "", message };
  }

  /** Null for a message that is not of this pool, or has not the shape of one. */
  open(received: unknown): Received | null {
    if (typeof received !== "object" || received === null || !(field in received)) return null;
    const mark: unknown = received[field];
    const message: unknown = "message" in received ? received.message : null;
    if (typeof mark !== "string" || !this.#isShaped(message)) return null;
    this.#mark ??= mark;
    return mark === this.#mark ? (message as Received) : null;
  }

  #isShaped(message: unknown): boolean {
    if (typeof message !== "object" || message === null || !("type" in message)) return false;
    const shape = typeof message.type === "string" && this.#shapes.get(message.type);
    return shape !== false && shape !== undefined && shape.every(([name, is]) => is(Reflect.get(message, name)));
  }
}

type Check = (value: unknown) => boolean;

type Shape = readonly (readonly [name: string, is: Check])[];

/** For each type of message its fields that are read before they are unpacked. */
export type Shapes = ReadonlyMap<string, Shape>;

const isNumber: Check = (value) => Number.isSafeInteger(value);
const isText: Check = (value) => typeof value === "string";
const isObject: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText);
const isLevel: Check = (value) => ["debug", "info", "warn", "error"].some((level) => level === value);

/** What a child sends. */
export const fromChild: Shapes = new Map<FromChild["type"], Shape>([
  ["ready", [["tasks", isTexts]]],
  ["failed", []],
  [
    "done",
    [
      ["run", isNumber],
      ["ending", isObject],
      ["memoryBytes", isNumber],
    ],
  ],
  [
    "ask",
    [
      ["run", isNumber],
      ["question", isNumber],
      ["about", isObject],
    ],
  ],
  [
    "watch",
    [
      ["watch", isNumber],
      ["taskId", isText],
    ],
  ],
  ["unwatch", [["watch", isNumber]]],
  [
    "log",
    [
      ["run", isNumber],
      ["level", isLevel],
      ["message", isText],
      ["fields", (value) => value === undefined || isObject(value)],
    ],
  ],
  ["crashed", []],
]);

/** What a parent sends. */
export const toChild: Shapes = new Map<ToChild["type"], Shape>([
  [
    "load",
    [
      ["module", isObject],
      ["settings", isObject],
    ],
  ],
  [
    "run",
    [
      ["run", isNumber],
      ["job", isObject],
      ["resultFor", isText],
    ],
  ],
  ["abort", [["run", isNumber]]],
  ["answer", [["question", isNumber]]],
  ["refusal", [["question", isNumber]]],
  ["state", [["watch", isNumber]]],
  ["lost", [["watch", isNumber]]],
  ["close", []],
]);
