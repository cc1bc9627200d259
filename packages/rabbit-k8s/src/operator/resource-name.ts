import { createHash } from "node:crypto";

/**
 * A Kubernetes name for something whose own name may have any character. A name that had to be changed gets a hash, so
 * that two never become one.
 */
export function resourceName(...parts: readonly string[]): string {
  const plain = parts.join("-");
  const slug = plain
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  if (slug === plain && slug.length <= 63) return slug;
  const hash = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 8);
  return [slug.slice(0, 54).replace(/-+$/, ""), hash].filter((part) => part !== "").join("-");
}
