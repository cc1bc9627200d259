import { ProtocolError, toValue, type Tree } from "@leveret/celery-protocol";
import type { ControlAnswer, ControlArguments, ControlMethod, ControlReply } from "@leveret/celery-protocol/control";
import type { Shape } from "@leveret/options";
import { CeleryError } from "../ports/errors.ts";
import type { Broadcaster } from "./broadcaster.ts";
import { type ControlOptions, resolveControl } from "./control-options.ts";

/** The replies of workers, by node name. The reply of a worker that failed is `{ error }`. */
export type Replies<Method extends ControlMethod> = Readonly<Record<string, ControlAnswer<Method>>>;

/** The replies to a command that is not one of Celery's. */
export type CustomReplies = Readonly<Record<string, unknown>>;

/** Sends a command to workers and gathers the replies. */
export interface Ask {
  /** @throws CeleryError `option-invalid`, `encode-failed`, and the errors of publishing and consuming */
  <Method extends ControlMethod>(
    method: Method,
    args: ControlArguments<Method>,
    options?: ControlOptions,
    shape?: Shape,
  ): Promise<Replies<Method>>;
  (method: string, args: object, options?: ControlOptions, shape?: Shape): Promise<CustomReplies>;
}

/** @param within - runs the work while the owner of the connection keeps it open */
export function createAsk(broadcaster: Broadcaster, within: <T>(work: () => Promise<T>) => Promise<T>): Ask {
  return async (method: string, args: object, options: ControlOptions = {}, shape?: Shape) => {
    const { replyWait, ...target } = resolveControl(options, shape);
    const command = { method, arguments: args as Readonly<Record<string, Tree>>, ...target };
    return within(async () => {
      try {
        if (replyWait !== null) return byNode(await broadcaster.call(command, replyWait));
        await broadcaster.cast(command);
        return {};
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        throw new CeleryError("encode-failed", `The command cannot be encoded: "${method}" (${error.message}).`, {
          cause: error,
        });
      }
    });
  };
}

function byNode(replies: readonly ControlReply[]): Readonly<Record<string, never>> {
  return Object.fromEntries(replies.map(({ nodeName, reply }) => [nodeName, toValue(reply) as never]));
}
