import {
  type ControlAnswer,
  type ControlArguments,
  type ControlMethod,
  type ControlReply,
  ProtocolError,
  toValue,
  type Tree,
} from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";
import type { Broadcaster } from "./broadcaster.ts";
import { type ControlOptions, resolveControl } from "./control-options.ts";

/** What workers answered, by node name. A worker that could not do it answers `{ error }`. */
export type Replies<Method extends ControlMethod> = Readonly<Record<string, ControlAnswer<Method>>>;

/** The same, of a command that is not Celery's own. */
export type CustomReplies = Readonly<Record<string, unknown>>;

/** Asks workers. */
export interface Ask {
  /** @throws CeleryError `option-invalid`, `encode-failed`, and what publishing and consuming end in */
  <Method extends ControlMethod>(
    method: Method,
    args: ControlArguments<Method>,
    options?: ControlOptions,
    others?: readonly string[],
  ): Promise<Replies<Method>>;
  (method: string, args: object, options?: ControlOptions, others?: readonly string[]): Promise<CustomReplies>;
}

/**
 * @param within - does something while whoever owns the connection keeps it open
 */
export function createAsk(broadcaster: Broadcaster, within: <T>(work: () => Promise<T>) => Promise<T>): Ask {
  return async (method: string, args: object, options: ControlOptions = {}, others: readonly string[] = []) => {
    const { patience, ...target } = resolveControl(options, others);
    const command = { method, arguments: args as Readonly<Record<string, Tree>>, ...target };
    return within(async () => {
      try {
        if (patience !== null) return byNode(await broadcaster.call(command, patience));
        await broadcaster.cast(command);
        return {};
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        throw new CeleryError("encode-failed", `The command "${method}" cannot be sent: ${error.message}`, {
          cause: error,
        });
      }
    });
  };
}

function byNode(replies: readonly ControlReply[]): Readonly<Record<string, never>> {
  return Object.fromEntries(replies.map(({ nodeName, reply }) => [nodeName, toValue(reply) as never]));
}
