/** Powers of ten behind a decimal unit. */
const decimals = new Map(["n", "u", "m", "", "k", "M", "G", "T", "P", "E"].map((unit, index) => [unit, 3 * index - 9]));

const binaries = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** Kubernetes keeps a quantity in 63 bits. */
const largest = 2 ** 63;

/** Reads a Kubernetes quantity, such as `2Gi`, `500m`, `1.5e3` or `.5`; `null` when it is none or below 0. */
function parseQuantity(quantity: string): number | null {
  const match = /^\+?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,18}|[KMGTPE]i|[numkMGTPE])?$/.exec(quantity);
  if (match === null) return null;
  const [, digits = "", unit = ""] = match;
  const exponent = /^[eE]./.test(unit) ? unit.slice(1) : (decimals.get(unit) ?? 0);
  // Read as a decimal text: a product such as 700 * 0.001 would not be the 0.7 that it stands for.
  const value = Number(`${digits}e${exponent}`) * 1024 ** (binaries.indexOf(unit) + 1);
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
