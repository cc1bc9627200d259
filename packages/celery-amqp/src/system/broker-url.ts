const local = "amqp://guest:guest@localhost:5672//";

/** The broker's URL: the option, else `CELERY_BROKER_URL`, else Celery's default on this machine. */
export function brokerUrl(given: string | readonly string[] | undefined): string | readonly string[] {
  return given ?? (process.env["CELERY_BROKER_URL"] || local);
}
