import { type Budget, type BudgetOptions, overBudget, resolveBudget } from "../wire/budget.ts";
import { ProtocolError } from "../wire/errors.ts";
import { kindOf, quoted } from "../wire/show.ts";
import { json, jsonSerializer } from "./json.ts";
import type { Compressor, Serializer } from "./serializer.ts";
import type { Tree } from "./tree.ts";

const LONGEST_REASON = 1_000;
const PICKLE: ReadonlySet<string> = new Set(["pickle", "application/x-python-serialize"]);

const JSON_TYPE = "application/json";

/** Options of a `Content`. */
export interface ContentOptions {
  /** Serializers beside JSON. Default: none. */
  readonly serializers?: readonly Serializer[] | undefined;
  /** Compressions that can be read and written. Default: none. */
  readonly compressors?: readonly Compressor[] | undefined;
  /** Names or content types that may be read, as Celery's `accept_content`. Default `['json']`. */
  readonly accept?: readonly string[] | undefined;
  /** Limits of one message. Default: see `Budget`. */
  readonly budget?: BudgetOptions | undefined;
  /** Write NaN and Infinity as Python does; other readers of JSON refuse that. Default false. */
  readonly allowNaN?: boolean | undefined;
}

/** An encoded body with its content type, encoding and compression. */
export interface EncodedContent {
  /** AMQP content type. */
  readonly contentType: string;
  /** AMQP content encoding. */
  readonly contentEncoding: string;
  /** Value of the `compression` header, or null for no such header. */
  readonly compression: string | null;
  /** Encoded body. */
  readonly body: Uint8Array;
}

/** A received body with its content type, encoding and compression. */
export interface ReceivedContent {
  /** AMQP content type. */
  readonly contentType?: string | undefined;
  /** AMQP content encoding. */
  readonly contentEncoding?: string | undefined;
  /** The `compression` header, unchecked. */
  readonly compression?: unknown;
  /** Body as received. */
  readonly body: Uint8Array;
}

/** Encodes values to bodies and decodes them. */
export interface Content {
  /**
   * Name of the default serializer: JSON where it is accepted, else the first accepted one. So `accept: ["auth"]` alone
   * signs tasks, results, events and remote control.
   */
  readonly defaultSerializer: string;
  /** Limits of one message. */
  readonly budget: Budget;
  /**
   * @param options - `serializer` by name, default `defaultSerializer`; `compression` by name or header value, default
   * none.
   * @throws ProtocolError `encode-failed` for a value that cannot be encoded, `content-unknown` or
   * `compression-unknown` for a name without a plug-in.
   */
  /** Encodes a value. Throws ProtocolError for a value that the serializer cannot encode. */
  encode(
    value: unknown,
    options?: { readonly serializer?: string | undefined; readonly compression?: string | null | undefined },
  ): EncodedContent;
  /**
   * @param budget - default: the content's own.
   * @throws ProtocolError `pickle-refused`, `content-refused`, `content-unknown`, `compression-unknown`, `decode-failed`,
   * `type-unknown`, `too-large`, `too-many`, `too-deep`.
   */
  /** Decodes a body. Throws ProtocolError for a body or content type that is not accepted. */
  decode(message: ReceivedContent, budget?: Budget): Tree;
}

/**
 * Creates a `Content`. The JSON serializer is built in.
 *
 * @throws ProtocolError `option-invalid` if the accept list names pickle, which can run code and is never loaded, or no
 * known serializer.
 */
export function createContent(options: ContentOptions = {}): Content {
  return new PluggedContent(options);
}

class PluggedContent implements Content {
  readonly defaultSerializer: string;
  readonly budget: Budget;
  readonly #serializers: ReadonlyMap<string, Serializer>;
  readonly #compressors: ReadonlyMap<string, Compressor>;
  readonly #accepted: ReadonlySet<string>;

  constructor(options: ContentOptions) {
    const own = options.allowNaN === true ? jsonSerializer({ allowNaN: true }) : json;
    this.#serializers = byName([own, ...(options.serializers ?? [])]);
    this.#compressors = byAlias(options.compressors ?? []);
    this.#accepted = new Set((options.accept ?? ["json"]).map((name) => this.#acceptable(name)));
    const [first = JSON_TYPE] = this.#accepted;
    this.defaultSerializer = this.#writer(this.#accepted.has(JSON_TYPE) ? JSON_TYPE : first).name;
    this.budget = resolveBudget(options.budget);
  }

  encode(
    value: unknown,
    options: { readonly serializer?: string | undefined; readonly compression?: string | null | undefined } = {},
  ): EncodedContent {
    const serializer = this.#writer(options.serializer ?? this.defaultSerializer);
    const body = encodeBy(serializer, value);
    const { contentType, contentEncoding } = serializer;
    const compression = options.compression ?? null;
    if (compression === null) return { contentType, contentEncoding, compression, body };
    const compressor = this.#compressor(compression, "local");
    return { contentType, contentEncoding, compression: compressor.contentType, body: compressor.compress(body) };
  }

  decode(message: ReceivedContent, budget: Budget = this.budget): Tree {
    const serializer = this.#reader(message.contentType);
    return serializer.decode(this.#decompressed(message, budget), budget);
  }

  #acceptable(name: string): string {
    if (PICKLE.has(name)) {
      throw new ProtocolError(
        "option-invalid",
        "local",
        "Pickle cannot be accepted: loading a pickle can run code. Remove it from accept.",
      );
    }
    const serializer = this.#serializers.get(name);
    if (serializer !== undefined) return serializer.contentType;
    const hint = "Pass its serializer, for example from @leveret/celery-codecs";
    throw new ProtocolError(
      "option-invalid",
      "local",
      `No serializer is known for the accepted content: ${name}. ${hint}.`,
    );
  }

  #writer(name: string): Serializer {
    const serializer = this.#serializers.get(name);
    if (serializer !== undefined) return serializer;
    throw new ProtocolError(
      "content-unknown",
      "local",
      `The serializer is unknown: ${quoted(name)}. Pass it in serializers.`,
    );
  }

  #reader(contentType: string | undefined): Serializer {
    if (contentType === undefined || contentType === "") {
      throw new ProtocolError("content-unknown", "remote", "The message has no content type.");
    }
    if (PICKLE.has(contentType)) {
      throw new ProtocolError(
        "pickle-refused",
        "remote",
        "The body is a Python pickle, which can run code and is never loaded.",
      );
    }
    const serializer = this.#accepted.has(contentType) ? this.#serializers.get(contentType) : undefined;
    if (serializer !== undefined) return serializer;
    const accepted = [...this.#accepted].join(", ");
    const shown = quoted(contentType);
    throw new ProtocolError(
      "content-refused",
      "remote",
      `The content type is not accepted: ${shown}. Accepted are ${accepted}.`,
    );
  }

  #compressor(name: unknown, fault: "local" | "remote"): Compressor {
    const compressor = typeof name === "string" ? this.#compressors.get(name) : undefined;
    if (compressor !== undefined) return compressor;
    const known = [...new Set([...this.#compressors.values()].map((each) => each.contentType))].join(", ") || "none";
    const shown = typeof name === "string" ? quoted(name) : kindOf(name);
    throw new ProtocolError("compression-unknown", fault, `The compression is unknown: ${shown}. Known are: ${known}.`);
  }

  #decompressed({ compression, body }: ReceivedContent, budget: Budget): Uint8Array {
    const { bodyBytes } = budget;
    if (body.length > bodyBytes) throw overBudget("bodyBytes", budget, body.length);
    if (compression === undefined || compression === null || compression === "") return body;
    const decompressed = this.#compressor(compression, "remote").decompress(body, bodyBytes);
    if (decompressed.length > bodyBytes) throw overBudget("bodyBytes", budget, decompressed.length);
    return decompressed;
  }
}

function byName(serializers: readonly Serializer[]): ReadonlyMap<string, Serializer> {
  return new Map(serializers.flatMap((each) => [[each.name, each] as const, [each.contentType, each] as const]));
}

function byAlias(compressors: readonly Compressor[]): ReadonlyMap<string, Compressor> {
  return new Map(
    compressors.flatMap((each) => [each.contentType, ...each.aliases].map((name) => [name, each] as const)),
  );
}

/** Getters and `toJSON` of a value, and foreign serializers, may throw any error: the sender gets a ProtocolError. */
function encodeBy(serializer: Serializer, value: unknown): Uint8Array {
  try {
    return serializer.encode(value);
  } catch (cause) {
    if (isProtocolError(cause)) throw cause;
    const what = `The value cannot be encoded as ${serializer.name}: ${reasonOf(cause)}.`;
    throw new ProtocolError("encode-failed", "local", what, { cause });
  }
}

/** `instanceof` on a Proxy may throw. */
function isProtocolError(thrown: unknown): boolean {
  try {
    return thrown instanceof ProtocolError;
  } catch {
    return false;
  }
}

function reasonOf(thrown: unknown): string {
  try {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return typeof text === "string" ? text.slice(0, LONGEST_REASON) : "its error has no message";
  } catch {
    return "its error cannot be read";
  }
}
