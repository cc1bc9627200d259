import { RabbitLocalError } from "../errors.ts";
import { runCommand } from "../system/command.ts";

const IMAGE = "rabbitmq:4-management";
const INSPECT_TIMEOUT_MS = 30_000;
const PULL_TIMEOUT_MS = 900_000;

/**
 * Pulls RabbitMQ's official image, and returns its name.
 *
 * @throws {@link RabbitLocalError} `install-failed`
 */
export async function pullImage(onProgress: (line: string) => void): Promise<string> {
  const present = await runCommand("docker", ["image", "inspect", IMAGE], { timeoutMs: INSPECT_TIMEOUT_MS });
  if (present.ok) return IMAGE;
  onProgress(`fetching Docker's image ${IMAGE}`);
  const pulled = await runCommand("docker", ["pull", "--quiet", IMAGE], { timeoutMs: PULL_TIMEOUT_MS });
  if (pulled.ok) return IMAGE;
  throw new RabbitLocalError(
    "install-failed",
    `Docker's image could not be fetched: ${IMAGE} (${pulled.failure}). Check the network.`,
  );
}
