import { readdirSync, readFileSync } from "node:fs";
import type { HeaderTable, WireMessage, WireProperties } from "../../src/wire/message.ts";

const FIXTURES = new URL("../../fixtures/", import.meta.url);

/** Basic properties as a vector spells them. */
export interface VectorProperties {
  readonly content_type?: string;
  readonly content_encoding?: string;
  readonly correlation_id?: string;
  readonly reply_to?: string;
  readonly delivery_mode?: number;
  readonly priority?: number;
  readonly expiration?: string;
  readonly timestamp?: number;
}

/** A message recorded from a real Celery; `fixtures/README.md` says what each field is. */
export interface Vector {
  readonly name: string;
  readonly kind: string;
  readonly title: string;
  readonly properties: VectorProperties;
  readonly headers: HeaderTable | null;
  readonly body_base64: string;
  readonly body_text?: string;
  readonly decompressed_base64?: string;
  readonly decoded?: unknown;
  readonly message: Pick<Vector, "properties" | "headers" | "body_base64">;
  readonly observed: {
    readonly worker_operations: readonly { readonly op: string }[];
    readonly stored_result: { readonly status: string } | null;
    readonly worker_died: boolean;
  };
}

/** All vectors of a folder, by name. */
export function loadVectors(folder: string): readonly Vector[] {
  const directory = new URL(`${folder}/`, FIXTURES);
  return readdirSync(directory)
    .filter((file) => file.endsWith(".json"))
    .toSorted()
    .map((file) => JSON.parse(readFileSync(new URL(file, directory), "utf8")) as Vector);
}

/** The vector's message as a transport would deliver it. */
export function wireMessage({ properties, headers, body_base64 }: Vector["message"]): WireMessage {
  return { headers: headers ?? {}, properties: wireProperties(properties), body: bytes(body_base64) };
}

export function bytes(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, "base64"));
}

export function text(body: Uint8Array): string {
  return Buffer.from(body).toString("utf8");
}

/** What JSON cannot hold is wrapped in vectors; this takes the wrapping off. */
export function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrap);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const [[key, wrapped] = []] = entries;
  const open = entries.length === 1 ? WRAPPINGS[key ?? ""] : undefined;
  if (open !== undefined) return open(String(wrapped));
  return Object.fromEntries(entries.map(([name, item]) => [name, unwrap(item)]));
}

const WRAPPINGS: Readonly<Record<string, (wrapped: string) => unknown>> = {
  $int: BigInt,
  $float: (wrapped) => Number(wrapped.replace("inf", "Infinity").replace("nan", "NaN")),
  $base64: bytes,
  $datetime: (wrapped) => new Date(wrapped),
};

function wireProperties(properties: VectorProperties): WireProperties {
  const { delivery_mode, expiration } = properties;
  return {
    contentType: properties.content_type,
    contentEncoding: properties.content_encoding,
    correlationId: properties.correlation_id,
    replyTo: properties.reply_to,
    priority: properties.priority,
    persistent: delivery_mode === undefined ? undefined : delivery_mode === 2,
    expirationMs: expiration === undefined ? undefined : Number(expiration),
    timestampSeconds: properties.timestamp,
  };
}
