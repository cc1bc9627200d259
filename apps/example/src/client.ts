import { CeleryError, createClient } from "@leveret/celery-amqp";
import { tellStory } from "./story.ts";

/** Sends each task once. Exit code 1, with a line with the reason, after an error. */
export async function clientMode(): Promise<void> {
  const client = createClient();
  try {
    await tellStory(client, console.log);
  } catch (error) {
    if (!(error instanceof CeleryError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  } finally {
    await client.close();
  }
}
