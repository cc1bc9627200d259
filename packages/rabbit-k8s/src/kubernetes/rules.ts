/** What is wrong with a text, by Kubernetes' own rules; `null` where nothing is. */
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

/** Is the text a DNS subdomain, as names of most objects must be? */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= 253 && text.split(".").every(isDnsLabel);
}

/** The name of a namespace. */
export const namespaceName: Rule = rule("name for a namespace", isDnsLabel);

/** The name of a Secret, a storage class, a priority class, an issuer. */
export const objectName: Rule = rule("name of an object", isDnsSubdomain);

/** A host name, or a wildcard of one level; no address. */
export const hostName: Rule = rule(
  "host name",
  (text) => isDnsSubdomain(text.replace(/^\*\./, "")) && !/^[\d.]+$/.test(text),
);

const namePart = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

function isQualifiedName(text: string): boolean {
  const [first = "", second, ...more] = text.split("/");
  if (more.length > 0) return false;
  return second === undefined ? namePart.test(first) : isDnsSubdomain(first) && namePart.test(second);
}

/** The key of a label or a topology. */
export const labelKey: Rule = rule("key of a label", isQualifiedName);

/** The key of an annotation; Kubernetes looks at it in lower case. */
export const annotationKey: Rule = rule("key of an annotation", (text) => isQualifiedName(text.toLowerCase()));

/** The value of a label. */
export const labelValue: Rule = rule("value of a label", (text) => text === "" || namePart.test(text));

/** The name of an environment variable. */
export const variableName: Rule = rule("name of an environment variable", (text) =>
  /^[-._A-Za-z][-._A-Za-z0-9]*$/.test(text),
);

const imagePath = "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*";
const imagePattern = new RegExp(
  `^([A-Za-z0-9.-]+(:\\d+)?/)?${imagePath}(/${imagePath})*(:[\\w][\\w.-]{0,127})?(@[A-Za-z][A-Za-z0-9]*([-_+.][A-Za-z0-9]+)*:[0-9a-fA-F]+)?$`,
);

/** The name of an image, with a tag, a digest or both. */
export const imageName: Rule = rule("name of an image", (text) => text.length <= 512 && imagePattern.test(text));

/** A block of addresses, IPv4 or IPv6. */
export const addressBlock: Rule = rule("block of addresses", (text) => {
  const [address = "", bits = "", ...more] = text.split("/");
  const longest = address.includes(":") ? 128 : 32;
  return more.length === 0 && isAddress(address) && /^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= longest;
});

function isAddress(text: string): boolean {
  if (text.includes(":")) return URL.canParse(`http://[${text}]/`);
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** Bytes that all annotations of an object may have together, keys and values. */
export const longestAnnotations = 262_144;

/** Bytes that the data of a ConfigMap may have. */
export const longestData = 1_048_576;
