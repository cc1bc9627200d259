import { App, Chart, YamlOutputType } from "cdk8s";
import { addObjects } from "../constructs/add-objects.ts";
import type { Manifest } from "../manifests/manifest.ts";

/** Objects as the YAML a chart would make of them, in the given order. */
export function toYaml(manifests: readonly Manifest[]): string {
  const app = new App({ yamlOutputType: YamlOutputType.FILE_PER_APP });
  addObjects(new Chart(app, "rabbit"), manifests);
  return app.synthYaml();
}
