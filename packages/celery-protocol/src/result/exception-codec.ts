import type { Content } from "../content/content.ts";
import { asList, asObject, asText } from "../content/fields.ts";
import type { Tree } from "../content/tree.ts";
import { describe } from "./describe.ts";
import { safeModule } from "./exception-names.ts";
import type { WireException } from "./meta.ts";

/**
 * Encodes an exception for a result. Its name is always one that Python readers accept as an exception; arguments that
 * `canTravel` refuses are replaced by their description. Source: celery/backends/base.py `prepare_exception`,
 * `exception_to_python`.
 */
export function encodeException(exception: WireException, canTravel: (argument: Tree) => boolean): Tree {
  const type = exception.type === "" ? "Exception" : exception.type;
  return {
    exc_type: type,
    exc_message: exception.args.map((argument) => (canTravel(argument) ? argument : describe(argument))),
    exc_module: safeModule(type, exception.module),
  };
}

/** Whether a value can be encoded, found by trying, as Celery's `ensure_serializable` does. */
export function travelsBy(content: Content, serializer: string | undefined): (argument: Tree) => boolean {
  return (argument) => {
    try {
      content.encode(argument, { serializer });
      return argument !== undefined;
    } catch {
      return false;
    }
  };
}

/**
 * Decodes the exception of a result, from any stored value: a waiting caller must get the failure even where its
 * exception is malformed. A string instead of the arguments is the only argument; without a type the exception is
 * `fallback`, with the stored value as its argument.
 */
export function decodeException(tree: Tree, fallback: WireException): WireException {
  const table = asObject(tree);
  const type = asText(table?.["exc_type"]);
  if (table === null || type === null) return { ...fallback, args: isNothing(tree) ? fallback.args : [tree] };
  const message = table["exc_message"];
  const args = message === undefined || message === null ? [] : (asList(message) ?? [message]);
  return { type, module: asText(table["exc_module"]), args };
}

function isNothing(tree: Tree): boolean {
  const table = asObject(tree);
  return tree === null || (table !== null && Object.keys(table).length === 0);
}
