const local = "amqp://guest:guest@localhost:5672//";

/** Where the broker is: what was given, else what `CELERY_BROKER_URL` says, else Celery's default on this machine. */
export function brokerUrl(given: string | readonly string[] | undefined): string | readonly string[] {
  return given ?? (process.env["CELERY_BROKER_URL"] || local);
}
