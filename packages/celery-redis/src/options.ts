import { CeleryError, type Clock, type Duration, durationMs, type Logger } from "@leveret/celery-amqp";
import { type Content, type ContentOptions, createContent, ProtocolError } from "@leveret/celery-protocol";
import {
  duration,
  flag,
  integer,
  list,
  methods,
  object,
  props,
  refusalOf,
  type Shape,
  string,
  text,
} from "@leveret/options";
import { Keys } from "./keys.ts";
import { type RedisAddress, readAddress, type RedisCluster, type RedisSentinel, type RedisTls } from "./address.ts";

/**
 * How results are stored. All clients and workers of a fleet need the same options, Python's by the settings named
 * here.
 */
export interface RedisResultsOptions extends ContentOptions {
  /** How long a result is kept after its last state; 0 is forever. Default one day. Celery: `result_expires`. */
  readonly expires?: Duration;
  /**
   * Prefix of every key and channel, with `_` between unless it ends in one of `: _ - .`. Default none. Celery:
   * `global_keyprefix` of `result_backend_transport_options`.
   */
  readonly keyPrefix?: string;
  /** Name of the serializer of results; others than `json` are plugged in by `serializers`. Celery: `result_serializer`. */
  readonly serializer?: string;
  /** Store the call and the worker with each result. Default false. Celery: `result_extended`. */
  readonly extended?: boolean;
  /**
   * Pass the results of a header to the body of its chord in the order of the header. Default true. False: in the order
   * of arrival, for fleets whose Python workers have that setting; a header with groups in it keeps its order. Celery:
   * `result_chord_ordered` of `result_backend_transport_options`.
   */
  readonly chordsOrdered?: boolean;
  /** Node name of the worker, for extended results. Default `celery@` and the host's name. */
  readonly nodeName?: string;
  /** Certificates and the like, handed to `node:tls`; only where the address asks for TLS. */
  readonly tls?: RedisTls;
  /** Cache of the latest states; beyond the limit the oldest are read from Redis again. Default 10 000, 64 MB. */
  readonly keepResults?: Partial<KeptLimits>;
  /** Logger of warnings. Default none; errors are thrown in any case. */
  readonly logger?: Logger;
  /** Default: the system clock. */
  readonly clock?: Clock;
}

/** Limits of the cache in this process. */
export interface KeptLimits {
  /** Most results. */
  readonly maxResults: number;
  /** Most bytes of their values. */
  readonly maxBytes: number;
}

/** The same, complete and checked. */
export interface ResolvedResults {
  readonly address: RedisAddress;
  readonly keys: Keys;
  readonly content: Content;
  readonly serializer: string;
  /** Content type and encoding of the values. */
  readonly stored: { readonly contentType: string; readonly contentEncoding: string };
  /** Seconds; 0 is forever. */
  readonly expiresSeconds: number;
  readonly extended: boolean;
  readonly chordsOrdered: boolean;
  readonly nodeName: string;
  readonly kept: KeptLimits;
  readonly logger: Logger;
  readonly clock: Clock;
}

const any: Shape = () => [];

const shape = props<RedisResultsOptions>({
  expires: duration(),
  keyPrefix: string,
  serializer: text("a serializer's name"),
  extended: flag,
  chordsOrdered: flag,
  nodeName: text("a node name"),
  tls: object,
  keepResults: props<Partial<KeptLimits>>({ maxResults: integer(0), maxBytes: integer(0) }),
  logger: methods("a logger", "debug", "info", "warn", "error"),
  clock: methods("a clock", "now", "monotonicMs", "setTimer"),
  serializers: list(object),
  compressors: list(object),
  accept: list(text()),
  // The content of the protocol checks the limits.
  budget: any,
  allowNaN: flag,
});

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
};

/** @throws CeleryError `option-invalid`, naming the option */
export function resolveResults(
  where: string | RedisSentinel | RedisCluster,
  options: RedisResultsOptions,
  host: string,
): ResolvedResults {
  const message = refusalOf(shape, options, "redisResults");
  if (message !== null) throw new CeleryError("option-invalid", message);
  const { expires = "1d", keyPrefix = "", serializer = "json", extended = false, tls = null, ...rest } = options;
  const { maxResults = 10_000, maxBytes = 64_000_000 } = options.keepResults ?? {};
  const { chordsOrdered = true, nodeName = `celery@${host}`, logger = silent, clock = systemClock } = rest;
  const address = readAddress(where, tls);
  const content = contentOf({ ...rest, accept: rest.accept ?? [serializer] });
  const { contentType, contentEncoding } = sample(content, serializer);
  return {
    address,
    keys: new Keys(keyPrefix, address.kind === "cluster"),
    content,
    serializer,
    stored: { contentType, contentEncoding },
    expiresSeconds: Math.ceil(durationMs(expires, "expires") / 1000),
    extended,
    chordsOrdered,
    nodeName,
    kept: { maxResults, maxBytes },
    logger,
    clock,
  };
}

function contentOf({ serializers, compressors, accept, budget, allowNaN }: ContentOptions): Content {
  return told(() => createContent({ serializers, compressors, accept, budget, allowNaN }));
}

/** Content type and encoding of this serializer's values; it must be accepted, too. */
function sample(content: Content, serializer: string): { contentType: string; contentEncoding: string } {
  return told(() => {
    const encoded = content.encode([], { serializer });
    content.decode(encoded);
    return encoded;
  });
}

function told<Result>(make: () => Result): Result {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new CeleryError("option-invalid", `redisResults: ${error.message}`, { cause: error });
  }
}
