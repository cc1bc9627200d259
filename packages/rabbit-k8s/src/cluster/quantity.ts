const binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const decimal = ["k", "M", "G", "T", "P", "E"];

/** Reads a Kubernetes quantity of bytes (`2Gi`, `500M`, `1073741824`) as whole bytes; `null` when it is none. */
export function parseBytes(quantity: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([KMGTPE]i|[kMGTPE])?$/.exec(quantity);
  if (match === null) return null;
  const unit = match[2] ?? "";
  const power = binary.indexOf(unit) + 1 || decimal.indexOf(unit) + 1;
  return Math.floor(Number(match[1]) * (unit.endsWith("i") ? 1024 : 1000) ** power);
}

/** Reads a Kubernetes quantity of processor time (`500m`, `2`) as cores; `null` when it is none. */
export function parseCores(quantity: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(m)?$/.exec(quantity);
  if (match === null) return null;
  return Number(match[1]) / (match[2] === "m" ? 1000 : 1);
}
