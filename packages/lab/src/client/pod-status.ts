/** A pod, as its cluster sees it. */
export interface PodStatus {
  readonly name: string;
  readonly namespace: string;
  /** Empty while it has none. */
  readonly ip: string;
  readonly isReady: boolean;
  /** How often a container of it ended by itself. */
  readonly restarts: number;
}

/** Reads what the command `status` prints. */
export function parsePods(text: string): readonly PodStatus[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [path = "", ip = "", , ready, restarts] = line.split("\t");
      const [namespace = "", name = ""] = path.split("/");
      return { name, namespace, ip, isReady: ready === "Ready", restarts: Number(restarts) };
    });
}
