// Sources import each other as `./x.ts`, and the compiler leaves that in the declarations. There it becomes `./x.js`,
// which every TypeScript resolves, and without which api-extractor takes our own files for somebody else's.
import { globSync, readFileSync, writeFileSync } from "node:fs";

for (const file of globSync("dist/**/*.d.ts")) {
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replaceAll(/(from\s+|import\(|import\s+)"(\.[^"]+)\.ts"/g, '$1"$2.js"'));
}
