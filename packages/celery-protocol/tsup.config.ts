import { shared } from "../../tsup.config.ts";

const entries = ["index", "canvas", "control", "events", "results", "routing", "tasks", "wire"];

export default { ...shared, entry: entries.map((name) => `src/${name}.ts`) };
