import { stringify } from "yaml";

/** Secrets by name, as YAML. */
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
