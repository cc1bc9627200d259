import type { HeaderTable } from "@leveret/celery-protocol";
import type { ExchangeDeclaration, QueueDeclaration } from "@leveret/celery-protocol/routing";
import { CeleryError } from "../ports/errors.ts";

/** Refuses what RabbitMQ refuses: a second declaration with other flags or arguments (406). */
export function assertSameQueue(existing: QueueDeclaration, asked: QueueDeclaration): void {
  assertSame(`queue "${asked.name}"`, "durable", existing.durable, asked.durable);
  assertSame(`queue "${asked.name}"`, "auto_delete", existing.autoDelete, asked.autoDelete);
  assertSame(`queue "${asked.name}"`, "exclusive", existing.exclusive, asked.exclusive);
  assertSameArguments(`queue "${asked.name}"`, existing.arguments ?? {}, asked.arguments ?? {});
}

/** As `assertSameQueue`. */
export function assertSameExchange(existing: ExchangeDeclaration, asked: ExchangeDeclaration): void {
  assertSame(`exchange "${asked.name}"`, "type", existing.type, asked.type);
  assertSame(`exchange "${asked.name}"`, "durable", existing.durable, asked.durable);
  assertSame(`exchange "${asked.name}"`, "auto_delete", existing.autoDelete, asked.autoDelete);
  assertSameArguments(`exchange "${asked.name}"`, existing.arguments ?? {}, asked.arguments ?? {});
}

/** What a quorum queue cannot be. */
export function assertPossible(queue: QueueDeclaration): void {
  if (queue.arguments?.["x-queue-type"] !== "quorum") return;
  if (queue.durable && !queue.exclusive && !queue.autoDelete) return;
  throw new CeleryError(
    "queue-mismatch",
    `The quorum queue "${queue.name}" must be durable and neither exclusive nor auto-delete: change its declaration`,
  );
}

/** True when the asked queue names no arguments, and the existing one differs in nothing else. */
export function takesAsItIs(existing: QueueDeclaration, asked: QueueDeclaration): boolean {
  return (
    Object.keys(asked.arguments ?? {}).length === 0 &&
    existing.durable === asked.durable &&
    existing.autoDelete === asked.autoDelete &&
    existing.exclusive === asked.exclusive
  );
}

function assertSameArguments(what: string, existing: HeaderTable, asked: HeaderTable): void {
  for (const name of new Set([...Object.keys(existing), ...Object.keys(asked)])) {
    assertSame(what, name, existing[name] ?? "none", asked[name] ?? "none");
  }
}

function assertSame(what: string, name: string, existing: unknown, asked: unknown): void {
  if (existing === asked) return;
  throw new CeleryError(
    "queue-mismatch",
    `The ${what} exists with another ${name} (existing: ${String(existing)}, declared: ${String(asked)}). Declare it the same, or passively.`,
  );
}
