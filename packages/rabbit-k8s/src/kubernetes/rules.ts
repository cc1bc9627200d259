import { isIP } from "node:net";

/** The fault of a string by Kubernetes' rules; `null` for a valid one. */
export type Rule = (text: string) => string | null;

const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";

function rule(what: string, fits: (text: string) => boolean): Rule {
  return (text) => (fits(text) ? null : `${JSON.stringify(text.slice(0, 80))} is no ${what}`);
}

/** Is the text a DNS label (RFC 1123), as names of namespaces must be? */
export function isDnsLabel(text: string): boolean {
  return new RegExp(`^${label}$`).test(text);
}

/** Is the text a DNS label that begins with a letter (RFC 1035), as names of Services must? */
export function isServiceName(text: string): boolean {
  return isDnsLabel(text) && /^[a-z]/.test(text);
}

/** Is the string a domain name, with labels that DNS can carry? */
export function isDomainName(text: string): boolean {
  return text.length <= 253 && text.split(".").every(isDnsLabel);
}

/** Is the string a DNS subdomain as Kubernetes has it, which bounds the whole name and not its labels? */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= 253 && text.split(".").every((part) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(part));
}

/** The name of a namespace. */
export const namespaceName: Rule = rule("name for a namespace", isDnsLabel);

/** The name of a Secret, a storage class, a priority class, an issuer. */
export const objectName: Rule = rule("name of an object", isDnsSubdomain);

/** A host name, or a wildcard of one level; no address. */
export const hostName: Rule = rule(
  "host name",
  (text) => text.length <= 253 && isDomainName(text.replace(/^\*\./, "")) && !/^[\d.]+$/.test(text),
);

const namePart = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

function isQualifiedName(text: string): boolean {
  const [first = "", second, ...more] = text.split("/");
  if (more.length > 0) return false;
  return second === undefined ? namePart.test(first) : isDnsSubdomain(first) && namePart.test(second);
}

/** The key of a label or a topology. */
export const labelKey: Rule = rule("key of a label", isQualifiedName);

/** The key of an annotation; Kubernetes checks it in lower case. */
export const annotationKey: Rule = rule("key of an annotation", (text) => isQualifiedName(text.toLowerCase()));

/** The value of a label. */
export const labelValue: Rule = rule("value of a label", (text) => text === "" || namePart.test(text));

/** Is the text one that a path would take for a folder above? */
function isUpwards(text: string): boolean {
  return text === "." || text.startsWith("..");
}

/** The name of an environment variable. */
export const variableName: Rule = rule(
  "name of an environment variable",
  (text) => /^[-._A-Za-z][-._A-Za-z0-9]*$/.test(text) && !isUpwards(text),
);

/** A key of a Secret or a ConfigMap. */
export const dataKey: Rule = rule(
  "key of a Secret",
  (text) => /^[-._A-Za-z0-9]{1,253}$/.test(text) && !isUpwards(text),
);

const imagePath = "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*";
const hostPart = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?";
const imageHost = `(${hostPart}(\\.${hostPart})*|\\[[0-9a-fA-F:]+\\])(:\\d+)?`;
const imagePattern = new RegExp(
  `^((${imageHost}/)?${imagePath}(/${imagePath})*)(:[\\w][\\w.-]{0,127})?(@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$`,
);

/** The name of an image, with a tag, a digest or both. */
export const imageName: Rule = rule("name of an image", (text) => (imagePattern.exec(text)?.[1]?.length ?? 256) <= 255);

/** An address as a number. */
function numberOf(address: string): bigint {
  if (isIP(address) === 4) return address.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  // A URL writes every address in groups of hexadecimal digits.
  const parts = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const [left = [], right = []] = parts.map((part) => (part === "" ? [] : part.split(":")));
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

/**
 * A block of addresses, IPv4 or IPv6. From 1.36 on Kubernetes refuses addresses with bits behind the prefix, and IPv4 addresses
 * written as IPv6 (KEP-4858).
 */
export const addressBlock: Rule = rule("block of addresses", (text) => {
  const [address = "", bits = "", ...more] = text.split("/");
  const longest = { 4: 32, 6: 128 }[isIP(address)] ?? -1;
  if (more.length > 0 || address.includes("%") || !/^(0|[1-9]\d{0,2})$/.test(bits) || Number(bits) > longest)
    return false;
  const number = numberOf(address);
  const isMapped = longest === 128 && number >> 32n === 0xffffn;
  return !isMapped && number % (1n << BigInt(longest - Number(bits))) === 0n;
});

/** Is a block of addresses a smaller one within another? */
export function isWithin(inner: string, outer: string): boolean {
  const [[first = "", bits], [second = "", most]] = [inner.split("/"), outer.split("/")];
  if (isIP(first) !== isIP(second) || Number(bits) <= Number(most)) return false;
  const behind = BigInt((isIP(first) === 4 ? 32 : 128) - Number(most));
  return numberOf(first) >> behind === numberOf(second) >> behind;
}

/** Bytes that all annotations of an object may have together, keys and values. */
export const longestAnnotations = 262_144;

/** Bytes that the data of a ConfigMap or a Secret may have. */
export const longestData = 1_048_576;

/** Bytes that an object may have: etcd takes no larger request. */
export const longestObject = 1_572_864;
