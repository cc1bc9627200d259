import type { Delivery } from "../../ports/transport.ts";
import type { Request } from "../rules/request.ts";

/** Celery's reserved request: what is to be run, together with the right to settle the message it came in. */
export interface Reservation {
  readonly request: Request;
  readonly delivery: Delivery;
}
