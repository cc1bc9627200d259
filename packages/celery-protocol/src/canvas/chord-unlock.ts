import { encodeResultTuple } from "../result/tuple.ts";
import { encodeSignature } from "../task/signature-codec.ts";
import { type Caller, composeCall, type Sending } from "./compose.ts";
import type { Mint } from "./mint.ts";
import type { AppliedChord } from "./unfold.ts";

/**
 * The task that completes a chord on backends without counters: `celery.chord_unlock` polls the header until it is
 * ready, then calls the body. Must be sent before the header, to the queue of the body. Source: celery/backends/base.py
 * `fallback_chord_unlock`.
 */
export function chordUnlock(chord: AppliedChord, mint: Mint, caller: Caller | null = null): Sending {
  const { groupId, header, body, interval, maxRetries } = chord;
  const { queue = null, priority = null } = body.options;
  return composeCall(
    {
      task: "celery.chord_unlock",
      args: [groupId, encodeSignature(body)],
      kwargs: { interval, max_retries: maxRetries, result: (header.members ?? []).map(encodeResultTuple) },
      options: { countdown: 1, queue, priority, ignore_result: true, route_name: body.task },
    },
    mint,
    caller,
  );
}
