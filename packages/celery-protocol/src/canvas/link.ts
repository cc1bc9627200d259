import { asList } from "../content/fields.ts";
import { isSameTree } from "../content/same-tree.ts";
import type { Tree } from "../content/tree.ts";
import type { Signature } from "../task/signature.ts";
import { decodeSignature, encodeSignature } from "../task/signature-codec.ts";
import { readCanvas } from "./canvas.ts";

/** The same call with further options, which win over those it has: Celery's `set`. */
export function withOptions(composed: Signature, options: Readonly<Record<string, Tree>>): Signature {
  return { ...composed, options: { ...composed.options, ...options } };
}

/**
 * The same call, followed by `callback` when it succeeds: after the last step of a chain, after the body of a chord; a
 * group hands it, without arguments, to its first member. The same callback is linked once.
 * Source: celery/canvas.py `Signature.link`, `group.link`, `_chord.link`.
 */
export function link(composed: Signature, callback: Signature): Signature {
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
 * The same call, followed by `errback` when it fails: for every step of a chain, every member of a group, and the body of a
 * chord, and of chords in its header. The same errback is linked once. Source: celery/canvas.py `Signature.link_error`,
 * `group.link_error`, `_chord.link_error`.
 */
export function linkError(composed: Signature, errback: Signature): Signature {
  return linkedError(composed, errback, false);
}

/** As `linkError`, and for every member of a chord's header, too: Celery's `task_allow_error_cb_on_chord_header`. */
export function linkErrorWithHeader(composed: Signature, errback: Signature): Signature {
  return linkedError(composed, errback, true);
}

function linkedError(composed: Signature, errback: Signature, withHeaders: boolean): Signature {
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
export function linksOf(composed: Signature, option: "link" | "link_error"): readonly Signature[] {
  return rawLinks(composed, option).map(decodeSignature);
}

function rawLinks(composed: Signature, option: string): readonly Tree[] {
  const links = composed.options[option] ?? null;
  return asList(links) ?? (links === null ? [] : [links]);
}

function appended(composed: Signature, option: "link" | "link_error", added: Signature): Signature {
  const written = encodeSignature(added);
  const links = rawLinks(composed, option);
  const isLinked = links.some((other) => isSameTree(other, written));
  return withOptions(composed, { [option]: isLinked ? links : [...links, written] });
}

type Linking = (composed: Signature, added: Signature) => Signature;

function onBody(composed: Signature, linking: Linking, added: Signature): Signature {
  const canvas = readCanvas(composed);
  const body = canvas.kind === "chord" && canvas.body !== null ? encodeSignature(linking(canvas.body, added)) : null;
  return { ...composed, kwargs: { ...composed.kwargs, body } };
}

function withMembers(composed: Signature, members: readonly Signature[]): Signature {
  return { ...composed, kwargs: { ...composed.kwargs, tasks: members.map(encodeSignature) } };
}

/** A header that was frozen stands as a group, whose members Celery does not look at here. */
function withHeader(composed: Signature, header: readonly Signature[]): Signature {
  if (!Array.isArray(composed.kwargs["header"])) return composed;
  return { ...composed, kwargs: { ...composed.kwargs, header: header.map(encodeSignature) } };
}
