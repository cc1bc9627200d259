import { asList, asObject } from "../content/fields.ts";
import type { Tree } from "../content/tree.ts";
import type { WireSignature } from "../task/signature.ts";
import { decodeSignature, encodeSignature } from "../task/signature-codec.ts";
import { type Canvas, group, readCanvas } from "./canvas.ts";
import { linksOf, withOptions } from "./link.ts";

/** Stamps by name. A list `stamped_headers` among them names the stamps; without it all are. */
export type Stamps = Readonly<Record<string, Tree>>;

/**
 * A visitor that stamps the parts of a canvas. Each method is called with the part and the stamps of the parts around
 * it, and returns further stamps. Stamps of `onGroupStart` and `onChainStart` apply to all parts inside. Source:
 * celery/canvas.py `StampingVisitor`.
 */
export interface StampingVisitor {
  /** Every task. */
  onSignature?(signature: WireSignature, stamps: Stamps): Stamps;
  /** Called before the steps of a chain. */
  onChainStart?(chain: WireSignature, stamps: Stamps): Stamps;
  /** Called after the steps of a chain. */
  onChainEnd?(chain: WireSignature, stamps: Stamps): void;
  /** Called before the members of a group. */
  onGroupStart?(group: WireSignature, stamps: Stamps): Stamps;
  /** Called after the members of a group. */
  onGroupEnd?(group: WireSignature, stamps: Stamps): void;
  /** Default: `onGroupStart` with the header as a group. */
  onChordHeaderStart?(chord: WireSignature, stamps: Stamps): Stamps;
  /** Default: `onGroupEnd` with the header as a group. */
  onChordHeaderEnd?(chord: WireSignature, stamps: Stamps): void;
  /** Called for the body of a chord. */
  onChordBody?(chord: WireSignature, stamps: Stamps): Stamps;
  /** Every callback of a part. */
  onCallback?(callback: WireSignature, stamps: Stamps): Stamps;
  /** Every errback of a part. */
  onErrback?(errback: WireSignature, stamps: Stamps): Stamps;
}

/** The stamps, or a visitor. */
export interface Stamping {
  /** Stamps for every part. Default none. */
  readonly stamps?: Stamps;
  /** Gives each part its own stamps. Default none. */
  readonly visitor?: StampingVisitor | null;
  /**
   * True: an existing stamp becomes a list of values, the newest first. False, the default: the new value replaces it.
   */
  readonly append?: boolean;
}

/**
 * Stamps every task of a canvas and its links. Stamps are message headers, and pass on to follow-ups. The body of a
 * chord is always stamped; Celery does that only for a visitor. Source: celery/canvas.py `Signature.stamp` and those of
 * its kinds.
 *
 * @throws ProtocolError `message-invalid` for a malformed canvas.
 */
export function stamp(
  signature: WireSignature,
  { stamps = {}, visitor = null, append = false }: Stamping,
): WireSignature {
  return new Stamper(visitor, append).stamp(signature, stamps);
}

class Stamper {
  readonly #visitor: StampingVisitor | null;
  readonly #append: boolean;

  constructor(visitor: StampingVisitor | null, append: boolean) {
    this.#visitor = visitor;
    this.#append = append;
  }

  stamp(signature: WireSignature, stamps: Stamps): WireSignature {
    const canvas = readCanvas(signature);
    switch (canvas.kind) {
      case "chain":
        return this.#stampChain(signature, canvas.tasks, stamps);
      case "group":
        return this.#stampGroup(signature, canvas.tasks, stamps);
      case "chord":
        return this.#stampChord(signature, canvas, stamps);
      default:
        return this.#stampTask(signature, stamps);
    }
  }

  #stampTask(signature: WireSignature, stamps: Stamps): WireSignature {
    const own = this.#visitor && (this.#visitor.onSignature?.(signature, stamps) ?? {});
    return withOptions(this.#stampLinks(signature, stamps, this.#append), this.#joined(stamps, own, signature));
  }

  #stampChain(chain: WireSignature, tasks: readonly WireSignature[], stamps: Stamps): WireSignature {
    const own = this.#visitor && (this.#visitor.onChainStart?.(chain, stamps) ?? {});
    const all = this.#joined(stamps, own, chain);
    const stamped = withTasks(
      this.#stampLinks(chain, all, false),
      tasks.map((task) => this.stamp(task, all)),
    );
    this.#visitor?.onChainEnd?.(stamped, all);
    return stamped;
  }

  #stampGroup(composed: WireSignature, tasks: readonly WireSignature[], stamps: Stamps): WireSignature {
    const own = this.#visitor && (this.#visitor.onGroupStart?.(composed, stamps) ?? {});
    const all = this.#joined(stamps, own, composed);
    const stamped = withTasks(
      this.#stampLinks(composed, all, this.#append),
      tasks.map((task) => this.stamp(task, all)),
    );
    this.#visitor?.onGroupEnd?.(stamped, all);
    return stamped;
  }

  #stampChord(
    given: WireSignature,
    canvas: Extract<Canvas, { readonly kind: "chord" }>,
    stamps: Stamps,
  ): WireSignature {
    const visitor = this.#visitor;
    const chord =
      visitor === null || visitor.onChordHeaderStart !== undefined ? given : withGroup(given, canvas.header);
    const all = this.#joined(stamps, visitor && this.#headerStamps(visitor, chord, stamps), chord);
    const header = canvas.header.map((task) => this.stamp(task, all));
    const stamped = withHeader(this.#stampLinks(chord, all, this.#append), header);
    if (visitor === null) return canvas.body === null ? stamped : withBody(stamped, this.stamp(canvas.body, all));
    if (visitor.onChordHeaderEnd !== undefined) visitor.onChordHeaderEnd(stamped, all);
    else visitor.onGroupEnd?.(headerOf(stamped), all);
    if (canvas.body === null) return stamped;
    const ofBody = this.#joined(all, visitor.onChordBody?.(stamped, all) ?? {}, stamped);
    return withBody(stamped, this.stamp(canvas.body, ofBody));
  }

  #headerStamps(visitor: StampingVisitor, chord: WireSignature, stamps: Stamps): Stamps {
    if (visitor.onChordHeaderStart !== undefined) return visitor.onChordHeaderStart(chord, stamps);
    return visitor.onGroupStart?.(headerOf(chord), stamps) ?? {};
  }

  /** Each link also gets the stamps of the previous one. */
  #stampLinks(signature: WireSignature, stamps: Stamps, append: boolean): WireSignature {
    const inner = append === this.#append ? this : new Stamper(this.#visitor, append);
    const callbacks = inner.#stampEach(linksOf(signature, "link"), stamps, (each, given) =>
      this.#visitor?.onCallback?.(each, given),
    );
    const errbacks = inner.#stampEach(linksOf(signature, "link_error"), stamps, (each, given) =>
      this.#visitor?.onErrback?.(each, given),
    );
    const links = callbacks.length === 0 ? {} : { link: callbacks };
    return withOptions(signature, errbacks.length === 0 ? links : { ...links, link_error: errbacks });
  }

  #stampEach(
    links: readonly WireSignature[],
    stamps: Stamps,
    visit: (link: WireSignature, stamps: Stamps) => Stamps | undefined,
  ): readonly Tree[] {
    let given = stamps;
    return links.map((link) => {
      given = this.#joined(given, this.#visitor && (visit(link, given) ?? {}), null);
      return encodeSignature(this.stamp(link, given));
    });
  }

  /** Stamps of the parts around, then the visitor's, then existing ones. */
  #joined(stamps: Stamps, own: Stamps | null, signature: WireSignature | null): Stamps {
    const listed = named(stamps);
    const visited = own === null ? listed : merged(listed, named(own), this.#append);
    if (signature === null) return unique(visited);
    const there = asList(signature.options["stamped_headers"]) ?? [];
    const names = [...new Set([...(asList(visited["stamped_headers"]) ?? []), ...there])];
    const old = Object.entries(signature.options).filter(([name]) => names.includes(name));
    return unique(merged({ ...visited, stamped_headers: names }, Object.fromEntries(old), this.#append));
  }
}

function named(stamps: Stamps): Stamps {
  return "stamped_headers" in stamps ? stamps : { ...stamps, stamped_headers: Object.keys(stamps) };
}

function unique(stamps: Stamps): Stamps {
  return { ...stamps, stamped_headers: [...new Set(asList(stamps["stamped_headers"]) ?? [])] };
}

/**
 * Concatenates two lists; other values are replaced or, appended, joined in a list. Source: celery/canvas.py
 * `_merge_dictionaries`.
 */
function merged(first: Stamps, second: Stamps, append: boolean): Stamps {
  const both = Object.keys(first).filter((name) => name in second);
  const values = both.map((name) => [name, joinedValue(first[name] ?? null, second[name] ?? null, append)] as const);
  return { ...second, ...first, ...Object.fromEntries(values) };
}

function joinedValue(first: Tree, second: Tree, append: boolean): Tree {
  const object = asObject(first);
  if (object !== null) return merged(object, asObject(second) ?? {}, true);
  const list = asList(first) ?? (append ? (first === null ? [] : [first]) : null);
  const others = asList(second);
  if (list === null) return first;
  return others === null ? (append ? [...list, second] : first) : [...list, ...others];
}

function withTasks(composed: WireSignature, tasks: readonly WireSignature[]): WireSignature {
  return { ...composed, kwargs: { ...composed.kwargs, tasks: tasks.map(encodeSignature) } };
}

function withGroup(chord: WireSignature, header: readonly WireSignature[]): WireSignature {
  const isGroup = asObject(chord.kwargs["header"]) !== null;
  return isGroup ? chord : { ...chord, kwargs: { ...chord.kwargs, header: encodeSignature(plainGroup(header)) } };
}

/** A group of these, even of a single group. */
function plainGroup(tasks: readonly WireSignature[]): WireSignature {
  return { ...group(), kwargs: { tasks: tasks.map(encodeSignature) } };
}

function withHeader(chord: WireSignature, header: readonly WireSignature[]): WireSignature {
  const { header: written = null } = chord.kwargs;
  const tasks = header.map(encodeSignature);
  const isGroup = asObject(written) !== null;
  const replaced = isGroup ? encodeSignature(withTasks(decodeSignature(written), header)) : tasks;
  return { ...chord, kwargs: { ...chord.kwargs, header: replaced } };
}

function withBody(chord: WireSignature, body: WireSignature): WireSignature {
  return { ...chord, kwargs: { ...chord.kwargs, body: encodeSignature(body) } };
}

function headerOf(chord: WireSignature): WireSignature {
  return decodeSignature(chord.kwargs["header"] ?? null);
}
