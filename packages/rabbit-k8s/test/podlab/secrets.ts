import { stringify } from "yaml";

/** A password with every character that has broken such systems before. */
export const hostilePassword = 'p"a\\s$s w%rd &é*';

/** Secrets by name, as a person would make them. */
export function secretsYaml(
  namespace: string,
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
): string {
  return Object.entries(secrets)
    .map(
      ([name, stringData]) =>
        `---\n${stringify({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, stringData })}`,
    )
    .join("");
}
