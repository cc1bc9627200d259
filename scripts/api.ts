// Reports what is public in the package of the working directory: one `<package>.<entry>.api.md` for each of its entries.
// With --local the reports are written; without it the check fails where one is not as the sources have it. Both fail for an
// export without a docstring, and for a type that an export names and that is exported neither by its entry nor by one before.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";

const folder = process.cwd();
const localBuild = process.argv.includes("--local");
const packageJsonFullPath = join(folder, "package.json");
const configObjectFullPath = join(import.meta.dirname, "../api-extractor.json");
const base = ExtractorConfig.loadFile(configObjectFullPath);
const { exports } = JSON.parse(readFileSync(packageJsonFullPath, "utf8")) as {
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
};

/** Names that the entries so far export. */
const exported = new Set<string>();

for (const [entry, files] of Object.entries(exports)) {
  if (typeof files === "string") continue;
  const mainEntryPointFilePath = join(folder, files.types);
  if (!existsSync(mainEntryPointFilePath)) throw new Error(`${mainEntryPointFilePath} is missing. Run pnpm build.`);
  const reportFileName = `<unscopedPackageName>${entry.slice(1).replace("/", ".")}`;
  const extractorConfig = ExtractorConfig.prepare({
    configObject: {
      ...base,
      projectFolder: folder,
      mainEntryPointFilePath,
      apiReport: { ...base.apiReport, enabled: true, reportFileName },
    },
    configObjectFullPath,
    packageJsonFullPath,
  });
  const { succeeded } = Extractor.invoke(extractorConfig, {
    localBuild,
    messageCallback: (message) => {
      const [, name] = /^The symbol "(\w+)" needs to be exported/.exec(message.text) ?? [];
      if (name !== undefined && exported.has(name)) message.logLevel = ExtractorLogLevel.None;
    },
  });
  if (!succeeded) process.exitCode = 1;
  const report = readFileSync(extractorConfig.reportFilePath, "utf8");
  const names = report.matchAll(/^export (?:\{ |abstract |class |interface |type |function |const )*(\w+)/gm);
  for (const [, name = ""] of names) exported.add(name);
}
