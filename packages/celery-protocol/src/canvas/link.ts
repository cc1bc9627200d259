import { asList } from "../content/fields.ts";
import { isSameTree } from "../content/same-tree.ts";
import type { Tree } from "../content/tree.ts";
import type { WireSignature } from "../task/signature.ts";
import { decodeSignature, encodeSignature } from "../task/signature-codec.ts";
import { readCanvas } from "./canvas.ts";

/** The same call with further options, which override its own: Celery's `set`. */
export function withOptions(composed: WireSignature, options: Readonly<Record<string, Tree>>): WireSignature {
  return { ...composed, options: { ...composed.options, ...options } };
}

/**
 * The same call, followed by `callback` when it succeeds: after the last step of a chain, after the body of a chord;
 * for a group, without arguments, after its first member. An equal callback is linked once. Source: celery/canvas.py
 * `Signature.link`, `group.link`, `_chord.link`.
 */
export function link(composed: WireSignature, callback: WireSignature): WireSignature {
  const canvas = readCanvas(composed);
  if (canvas.kind === "group") {
    const immutable = { ...callback, immutable: true };
    return withMembers(
      composed,
      canvas.tasks.map((task, index) => (index === 0 ? link(task, immutable) : task)),
    );
  }
  return canvas.kind === "chord" ? onBody(composed, link, callback) : appended(composed, "link", callback);
}

/**
 * The same call, followed by `errback` when it fails: for every step of a chain, every member of a group, and the body
 * of a chord, and of chords in its header. An equal errback is linked once. Source: celery/canvas.py
 * `Signature.link_error`, `group.link_error`, `_chord.link_error`.
 */
export function linkError(composed: WireSignature, errback: WireSignature): WireSignature {
  return linkedError(composed, errback, false);
}

/** As `linkError`, and for every member of a chord's header, too: Celery's `task_allow_error_cb_on_chord_header`. */
export function linkErrorWithHeader(composed: WireSignature, errback: WireSignature): WireSignature {
  return linkedError(composed, errback, true);
}

function linkedError(composed: WireSignature, errback: WireSignature, withHeaders: boolean): WireSignature {
  const canvas = readCanvas(composed);
  const linking: Linking = (task, added) => linkedError(task, added, withHeaders);
  if (canvas.kind === "group" && canvas.tasks.length > 0) {
    return withMembers(
      composed,
      canvas.tasks.map((task) => linking(task, errback)),
    );
  }
  if (canvas.kind !== "chord") return appended(composed, "link_error", errback);
  const header = canvas.header.map((task) => {
    const linked = withHeaders ? linking(task, withOptions(errback, { immutable: true })) : task;
    return task.subtaskType === "chord" ? linking(linked, errback) : linked;
  });
  return onBody(withHeader(composed, header), linking, errback);
}

/** The callbacks (`link`) or errbacks (`link_error`) of a call, in order. Celery takes a single one without a list, too. */
export function linksOf(composed: WireSignature, option: "link" | "link_error"): readonly WireSignature[] {
  return rawLinks(composed, option).map(decodeSignature);
}

function rawLinks(composed: WireSignature, option: string): readonly Tree[] {
  const links = composed.options[option] ?? null;
  return asList(links) ?? (links === null ? [] : [links]);
}

function appended(composed: WireSignature, option: "link" | "link_error", added: WireSignature): WireSignature {
  const written = encodeSignature(added);
  const links = rawLinks(composed, option);
  const isLinked = links.some((other) => isSameTree(other, written));
  return withOptions(composed, { [option]: isLinked ? links : [...links, written] });
}

type Linking = (composed: WireSignature, added: WireSignature) => WireSignature;

function onBody(composed: WireSignature, linking: Linking, added: WireSignature): WireSignature {
  const canvas = readCanvas(composed);
  const body = canvas.kind === "chord" && canvas.body !== null ? encodeSignature(linking(canvas.body, added)) : null;
  return { ...composed, kwargs: { ...composed.kwargs, body } };
}

function withMembers(composed: WireSignature, members: readonly WireSignature[]): WireSignature {
  return { ...composed, kwargs: { ...composed.kwargs, tasks: members.map(encodeSignature) } };
}

/** A frozen header is a group, whose members Celery ignores here. */
function withHeader(composed: WireSignature, header: readonly WireSignature[]): WireSignature {
  if (!Array.isArray(composed.kwargs["header"])) return composed;
  return { ...composed, kwargs: { ...composed.kwargs, header: header.map(encodeSignature) } };
}
