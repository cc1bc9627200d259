export type Node = Readonly<Record<string, unknown>>;

export type Report = (path: string, reason: string) => void;

export const label63 = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

export const subdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export const service35 = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

export const namePart = /^(?=.{1,63}$)([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

export const labelText = /^(?=.{0,63}$)(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

export const portName = /^(?=.{1,15}$)(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

export const dataKey = /^(?!\.\.)(?!\.$)[-._a-zA-Z0-9]{1,253}$/;

export const quantity = /^[+-]?(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;

export const list = (value: unknown): readonly Node[] => (Array.isArray(value) ? (value as readonly Node[]) : []);

export const node = (value: unknown): Node => (typeof value === "object" && value !== null ? (value as Node) : {});

export const given = (value: unknown): boolean => value !== undefined && value !== null;

export const text = (value: unknown): string => (typeof value === "string" ? value : "");

export const isQualified = (key: string): boolean => {
  const parts = key.split("/");
  const own = parts.pop() ?? "";
  return namePart.test(own) && (parts.length === 0 || (parts.length === 1 && subdomain.test(parts[0] ?? "")));
};

export function unique(path: string, values: readonly unknown[], report: Report): void {
  const seen = new Set<string>();
  for (const value of values) {
    const key = JSON.stringify(value);
    if (seen.has(key)) report(path, `twice: ${key}`);
    seen.add(key);
  }
}

export function within(path: string, value: unknown, least: number, most: number, report: Report): void {
  if (given(value) && !(Number.isInteger(value) && Number(value) >= least && Number(value) <= most))
    report(path, `${String(value)} is not within ${least} and ${most}`);
}

export const largest = 2 ** 31 - 1;

/** Nano units, exactly. */
export function amount(path: string, value: unknown, report: Report): bigint {
  const match = quantity.exec(text(value));
  if (match === null) {
    report(path, `no quantity: ${text(value).slice(0, 80)}`);
    return 0n;
  }
  const [, digits = "", unit = ""] = match;
  const [whole = "", part = ""] = digits.split(".");
  const binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].indexOf(unit) + 1;
  const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
  const power = 9 - part.length + (/^[eE]./.test(unit) ? Number(unit.slice(1)) : (decimal[unit] ?? 0));
  if (Math.abs(power) > 60) return power > 0 ? 10n ** 60n : 1n;
  const scaled = BigInt(`0${whole}${part}`) * 1024n ** BigInt(binary);
  const nano =
    power >= 0 ? scaled * 10n ** BigInt(power) : (scaled + 10n ** BigInt(-power) - 1n) / 10n ** BigInt(-power);
  if (text(value).startsWith("-") && nano > 0n) report(path, "below 0");
  return nano;
}

export function checkMetadata(path: string, metadata: Node, report: Report): void {
  labels(`${path}.labels`, metadata["labels"], report);
  let bytes = 0;
  for (const [key, value] of Object.entries(node(metadata["annotations"]))) {
    if (!isQualified(key.toLowerCase())) report(`${path}.annotations`, `no key: ${key}`);
    bytes += Buffer.byteLength(key) + Buffer.byteLength(text(value));
  }
  if (bytes > 262_144) report(`${path}.annotations`, "more than 256 KiB");
}

export function labels(path: string, own: unknown, report: Report): void {
  for (const [key, value] of Object.entries(node(own))) {
    if (!isQualified(key)) report(path, `no key: ${key}`);
    if (!labelText.test(text(value))) report(`${path}.${key}`, `no value: ${text(value).slice(0, 80)}`);
  }
}

export function selector(path: string, value: unknown, report: Report): void {
  const { matchLabels, matchExpressions } = node(value);
  labels(`${path}.matchLabels`, matchLabels, report);
  for (const { key, operator, values } of list(matchExpressions)) {
    const count = list(values).length;
    if (!isQualified(text(key))) report(path, `no key: ${text(key)}`);
    if (!["In", "NotIn", "Exists", "DoesNotExist"].includes(text(operator))) report(path, `operator ${text(operator)}`);
    if (["In", "NotIn"].includes(text(operator)) !== count > 0) report(path, `${text(operator)} with ${count} values`);
    for (const each of list(values)) if (!labelText.test(text(each))) report(path, `no value: ${text(each)}`);
  }
}
