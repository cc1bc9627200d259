import type { TransportState } from "../ports/transport.ts";

/**
 * The life of a connection; a pair that is missing must not happen.
 *
 * - `idle`: nobody has asked for it, or the first attempt failed (here or on the transport's other connection)
 * - `connecting`: no link; addresses are tried in turn, for ever once there was a link
 * - `open`: a link
 * - `blocked`: a link, on which the broker takes no publishes for now
 * - `closing`, `closed`: on purpose, and for good
 */
export const connectionMoves: Readonly<Record<TransportState, readonly TransportState[]>> = {
  idle: ["connecting", "closing"],
  connecting: ["open", "idle", "closing"],
  open: ["blocked", "connecting", "idle", "closing"],
  blocked: ["open", "connecting", "idle", "closing"],
  closing: ["closed"],
  closed: [],
};
