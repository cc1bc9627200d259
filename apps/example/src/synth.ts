import { App, Chart } from "cdk8s";
import { deploy } from "./deploy.ts";

// Writes kubernetes/example.k8s.yaml: what `pnpm --filter example synth` runs.
const app = new App({ outdir: "kubernetes" });
deploy(new Chart(app, "example"), { namespace: "example", image: process.env["EXAMPLE_IMAGE"] ?? "leveret-example:1" });
app.synth();
