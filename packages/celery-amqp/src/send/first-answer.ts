import type { Leaving } from "./outgoing.ts";

/**
 * Sends a message and awaits its result, whichever comes first, the confirm or the result: the broker confirms a
 * persistent message that is consumed at once only with its ack, which is after the result (RabbitMQ, "Confirms"). A
 * result implies the confirm.
 *
 * `send` calls `leaving` when the message is published; its error is thrown unless the result has come.
 */
export async function firstAnswer(send: (leaving: (outgoing: Leaving) => void) => Promise<Leaving>): Promise<unknown> {
  const left = Promise.withResolvers<Leaving>();
  const sent = send(left.resolve);
  const { result, signal } = await Promise.race([left.promise, sent]);
  const failed = new AbortController();
  const answer = result.get({ signal: signal === null ? failed.signal : AbortSignal.any([signal, failed.signal]) });
  try {
    return await Promise.race([answer, sent.then(() => answer)]);
  } catch (error) {
    failed.abort(error);
    throw error;
  }
}
