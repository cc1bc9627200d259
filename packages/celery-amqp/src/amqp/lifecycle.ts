import type { TransportState } from "../ports/transport.ts";

/**
 * The states of a connection and the allowed transitions; any other transition is a bug.
 *
 * - `idle`: not connected yet, or the first attempt failed (here or on the transport's other connection)
 * - `connecting`: no link; addresses are tried in turn, indefinitely once there was a link
 * - `open`: a link
 * - `blocked`: a link, on which the broker blocks publishes
 * - `closing`, `closed`: by `close`, final
 */
export const connectionMoves: Readonly<Record<TransportState, readonly TransportState[]>> = {
  idle: ["connecting", "closing"],
  connecting: ["open", "idle", "closing"],
  open: ["blocked", "connecting", "idle", "closing"],
  blocked: ["open", "connecting", "idle", "closing"],
  closing: ["closed"],
  closed: [],
};
