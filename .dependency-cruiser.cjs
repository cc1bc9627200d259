// The dependency rules. What each package and each of its modules may import stands in the tables of docs/architecture.md,
// and is read from there.
const { existsSync, readFileSync, readdirSync } = require("node:fs");
const { join } = require("node:path");

const page = readFileSync(join(__dirname, "docs/architecture.md"), "utf8");

/** Rows of the first table after a heading: the names in the first column, and those in the last. */
function rowsAfter(heading) {
  const [, section] = page.split(`\n${heading}\n`);
  if (section === undefined) throw new Error(`docs/architecture.md has no heading "${heading}".`);
  const lines = section.split("\n");
  const start = lines.findIndex((line) => line.startsWith("| -"));
  const table = lines.slice(start + 1);
  return table.slice(0, table.indexOf("")).map((line) => {
    const cells = line.split("|").slice(1, -1);
    return { name: namesIn(cells[0])[0], imports: namesIn(cells.at(-1)) };
  });
}

function namesIn(cell) {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
}

/** A module: a folder without the folders below it that are modules of their own; ".", the files beside the modules. */
function moduleOf(name, names) {
  if (name === ".") return "[^/]+$";
  const inner = names.filter((other) => other !== name && other.startsWith(`${name}/`));
  const apart = inner.map((other) => `(?!${escape(other.slice(name.length + 1))}/)`).join("");
  return `${escape(name)}/${apart}`;
}

/** A rule for each module of a folder: it imports nothing of the folder but the modules of its row, which stand above it. */
function layers(label, folder, rows) {
  const names = rows.map(({ name }) => name);
  return rows.map(({ name, imports }, index) => {
    const later = imports.find((imported) => !names.slice(0, index).includes(imported));
    if (later !== undefined) throw new Error(`${label}: ${name} imports ${later}, which no row above has.`);
    return {
      name: `${label}: imports of ${name}`,
      severity: "error",
      from: { path: `^${folder}${moduleOf(name, names)}` },
      to: { path: `^${folder}`, pathNot: [name, ...imports].map((allowed) => `^${folder}${moduleOf(allowed, names)}`) },
    };
  });
}

/** A rule for each package: it imports no package but those of its row, and the checking of options. */
function rulesOfPackages() {
  return rowsAfter("## Packages").map(({ name, imports }) => ({
    name: `packages: imports of ${name}`,
    severity: "error",
    from: { path: `^packages/${name}/src/` },
    to: { path: "^packages/", pathNot: [name, "options", ...imports].map((allowed) => `^packages/${allowed}/`) },
  }));
}

/** The files by which a package is imported: the sources of its `exports`. */
const entries = readdirSync(join(__dirname, "packages")).flatMap((name) => {
  const manifest = join(__dirname, "packages", name, "package.json");
  if (!existsSync(manifest)) return [];
  const { exports = {} } = JSON.parse(readFileSync(manifest, "utf8"));
  const sources = Object.values(exports).map((entry) => entry["@leveret/source"]);
  return sources.filter((source) => source !== undefined).map((source) => join("packages", name, source));
});
const anEntry = entries.map((entry) => `^${escape(entry)}$`);

function escape(path) {
  return path.replaceAll(".", String.raw`\.`);
}

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    { name: "no circles of files", severity: "error", from: {}, to: { circular: true } },
    { name: "no circles of folders", severity: "error", scope: "folder", from: {}, to: { circular: true } },
    {
      name: "every import resolves",
      severity: "error",
      from: { path: "^(packages/[^/]+/src|bench|chaos|scripts)/" },
      to: { couldNotResolve: true },
    },
    {
      name: "sources import sources alone",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { path: "/(test|fixtures)/|^(apps|bench|chaos|scripts)/" },
    },
    {
      name: "no module imports an entry of its package",
      severity: "error",
      from: { path: "^packages/([^/]+)/src/" },
      to: { path: "^packages/$1/src/(index|worker|testing)\\.ts$" },
    },
    {
      name: "packages import each other by their entries",
      severity: "error",
      from: { path: "^packages/([^/]+)/src/" },
      to: { path: "^packages/", pathNot: ["^packages/$1/", ...anEntry] },
    },
    ...rulesOfPackages(),
    {
      name: "the protocol imports no other module",
      severity: "error",
      from: { path: "^packages/celery-protocol/src/" },
      to: { pathNot: "^packages/celery-protocol/src/" },
    },
    {
      name: "the command loads Redis when it is needed",
      severity: "error",
      from: { path: "^packages/cli/src/" },
      to: { path: "^packages/celery-redis/", dynamic: false },
    },
    {
      name: "only celery-redis imports ioredis",
      severity: "error",
      from: { path: "^packages/(?!celery-redis/)[^/]+/src/" },
      to: { path: "(^|/)ioredis(/|$)" },
    },
    {
      name: "only amqp/ imports amqplib",
      severity: "error",
      from: { path: "^packages/celery-amqp/src/", pathNot: "^packages/celery-amqp/src/amqp/" },
      to: { path: "(^|/)amqplib(/|$)" },
    },
    {
      name: "only celery-metrics and celery-otel import metrics and traces",
      severity: "error",
      from: { path: "^packages/(?!celery-(metrics|otel)/)[^/]+/src/" },
      to: { path: "(^|/)(prom-client|@opentelemetry)(/|$)" },
    },
    {
      name: "the worker's rules import policies and the protocol alone",
      severity: "error",
      from: { path: "^packages/celery-amqp/src/worker/rules/" },
      to: {
        path: ".",
        pathNot: "^packages/celery-amqp/src/(worker/rules/|task/policy\\.ts)|(^|/)packages/celery-protocol/",
      },
    },
    ...["celery-protocol", "celery-amqp"].flatMap((name) =>
      layers(name, `packages/${name}/src/`, rowsAfter(`### ${name}`)),
    ),
    {
      name: "tests import tests of their own package, and test-support",
      severity: "error",
      from: { path: "^(packages|apps)/([^/]+)/test/" },
      // Of other packages they take what runs celery-amqp itself, which celery-amqp's tests could not import from a package.
      to: {
        path: "^(packages|apps)/[^/]+/test/",
        pathNot:
          "^$1/$2/|^packages/celery-amqp/test/(workflows|interop/support)/|^packages/celery-protocol/test/support/",
      },
    },
    {
      name: "tests import no benchmark and no chaos",
      severity: "error",
      from: { path: "^(packages/[^/]+/test|scripts)/" },
      to: { path: "^(apps|bench|chaos)/" },
    },
    {
      name: "benchmarks import packages by their entries",
      severity: "error",
      from: { path: "^bench/" },
      to: { path: "^(packages|apps|chaos|scripts)/", pathNot: anEntry },
    },
    ...layers("chaos", "chaos/", [
      { name: "judging", imports: [] },
      { name: "programs", imports: ["judging"] },
      { name: ".", imports: ["judging", "programs"] },
      { name: "fuzz", imports: [".", "programs"] },
    ]),
    ...layers("scripts", "scripts/", [
      { name: ".", imports: [] },
      { name: "vitest", imports: ["."] },
    ]),
    {
      name: "chaos imports no benchmark",
      severity: "error",
      from: { path: "^chaos/" },
      to: { path: "^(apps|bench)/" },
    },
    {
      name: "the programs of chaos import packages by their entries",
      severity: "error",
      from: { path: "^chaos/programs/" },
      to: { path: "^(packages|scripts)/", pathNot: [...anEntry, "^packages/celery-amqp/src/amqp/transport\\.ts$"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "/dist/|/fixtures/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@leveret/source", "import", "types", "default"],
      extensions: [".ts", ".js"],
    },
  },
};
