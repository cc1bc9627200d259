import { shared } from "../../tsup.config.ts";

/** The program of a pool's children stands beside the bundle that starts them. */
const childEntry = "src/worker/pool/in-child/entry.ts";

export default {
  ...shared,
  entry: { index: "src/index.ts", worker: "src/worker.ts", testing: "src/testing.ts", "child-entry": childEntry },
};
