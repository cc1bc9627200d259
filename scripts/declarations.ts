// Sources import each other as `./x.ts`, and the compiler leaves that in the declarations. There it becomes `./x.js`,
// which every TypeScript resolves, and without which api-extractor takes our own files for somebody else's. The private
// package of checks is built into each package, so its declarations go there, too.
import { cpSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";

const inlined = "dist/options-package";

for (const file of globSync("dist/**/*.d.ts")) {
  const text = readFileSync(file, "utf8");
  const own = text.replaceAll(/(from\s+|import\(|import\s+)"(\.[^"]+)\.ts"/g, '$1"$2.js"');
  const path = relative(dirname(file), inlined);
  const closed = own.replaceAll('"@leveret/options"', `"${path.startsWith(".") ? path : `./${path}`}/index.js"`);
  if (closed !== own) cpSync("../options/dist", inlined, { recursive: true });
  writeFileSync(file, closed);
}
