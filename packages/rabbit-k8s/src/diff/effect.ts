/**
 * What an apply would do: `refused`: Kubernetes or RabbitMQ refuses it; `lost`: data or access to it is lost;
 * `restart`: nodes or pods are replaced one by one; `note`: worth knowing.
 */
export type EffectKind = "refused" | "lost" | "restart" | "note";

/** One consequence of applying new manifests over old ones. */
export interface Effect {
  readonly kind: EffectKind;
  /** `StatefulSet messaging/rabbitmq`. */
  readonly object: string;
  readonly message: string;
  /** What to do instead, or before; `null` where there is nothing to do. */
  readonly advice: string | null;
}

/** An effect as a line or two of text. */
export function formatEffect({ kind, object, message, advice }: Effect): string {
  return `${kind}: ${object}: ${message}${advice === null ? "" : `\n    ${advice}`}`;
}
