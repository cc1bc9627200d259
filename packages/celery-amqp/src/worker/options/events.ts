/** Events that a worker sends to Celery's monitors: none, its own, or those of its tasks too. */
export type EventsOption = boolean | "workers";
