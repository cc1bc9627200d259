import { readdirSync, readFileSync } from "node:fs";
import type { WireMessage } from "../../src/wire/message.ts";
import { type VectorProperties, wireMessage } from "./vectors.ts";

const folder = new URL("../../fixtures/canvas-5.7/", import.meta.url);

/** A task message as Celery wrote it. */
export interface RecordedTask {
  readonly publish: { readonly exchange: string; readonly routing_key: string };
  readonly properties: VectorProperties;
  readonly headers: WireMessage["headers"];
  readonly body_text: string;
}

/** What Celery 5.7.0 wrote for one canvas, by `interop/python/record_canvases.py`. */
export interface CanvasRecording {
  readonly name: string;
  /** The canvas as a Python expression, and the options of its `apply_async`. */
  readonly canvas: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** What the caller got: exceptions as text, null also where nothing came. */
  readonly value: unknown;
  /** Messages of the client, in order. */
  readonly client: readonly RecordedTask[];
  /** Messages of the worker that ran them one after another, in order; none where the canvas has hundreds of parts. */
  readonly worker: readonly RecordedTask[];
}

/** All recordings, by name. */
export function canvasRecordings(): readonly CanvasRecording[] {
  return readdirSync(folder)
    .toSorted()
    .map((file) => Object.assign(JSON.parse(readFileSync(new URL(file, folder), "utf8")), { name: file.slice(0, -5) }));
}

/** The message as a transport would deliver it. */
export function recordedMessage({ properties, headers, body_text }: RecordedTask): WireMessage {
  return wireMessage({ properties, headers, body_base64: Buffer.from(body_text).toString("base64") });
}
