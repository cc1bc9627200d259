const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  ...Object.fromEntries(["k", "M", "G", "T", "P", "E"].map((unit, index) => [unit, 1000 ** (index + 1)])),
  ...Object.fromEntries(["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].map((unit, index) => [unit, 1024 ** (index + 1)])),
};

/** Kubernetes keeps a quantity in 63 bits. */
const largest = 2 ** 63;

/** Reads a Kubernetes quantity, such as `2Gi`, `500m`, `1.5e3` or `.5`; `null` when it is none or below 0. */
function parseQuantity(quantity: string): number | null {
  const match = /^\+?(\d+\.?\d*|\.\d+)([eE][+-]?\d+|[KMGTPE]i|[numkMGTPE])?$/.exec(quantity);
  if (match === null) return null;
  const [, digits = "", unit = ""] = match;
  const factor = factors[unit];
  const value = factor === undefined ? Number(digits + unit) : Number(digits) * factor;
  return value < largest ? value : null;
}

/** Reads a quantity of bytes as whole bytes; `null` when it is none. */
export function parseBytes(quantity: string): number | null {
  const bytes = parseQuantity(quantity);
  return bytes === null ? null : Math.floor(bytes);
}

/** Reads a quantity of processor time as cores; `null` when it is none. */
export function parseCores(quantity: string): number | null {
  return parseQuantity(quantity);
}
