import type { Options } from "tsup";

/** One build for every package: tsup bundles the JavaScript, `tsc -p tsconfig.build.json` writes the declarations. */
export const shared: Options = {
  entry: ["src/index.ts"],
  format: "esm",
  target: "node22",
  sourcemap: true,
  clean: true,
  silent: true,
};

export default shared;
