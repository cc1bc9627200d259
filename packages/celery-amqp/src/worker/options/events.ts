import { CeleryError } from "../../ports/errors.ts";

/** What a worker tells Celery's monitors of: nothing, itself, or its tasks too. */
export type EventsOption = boolean | "workers";

/**
 * @throws CeleryError `option-invalid`
 */
export function resolveEvents(events: EventsOption = "workers"): EventsOption {
  if (typeof events === "boolean" || events === "workers") return events;
  throw new CeleryError("option-invalid", `events is ${JSON.stringify(events)}: it must be true, false or "workers"`);
}
