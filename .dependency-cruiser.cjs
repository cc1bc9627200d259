// The walls of docs/architecture.md, by name. An import goes down floors, never up, never in a circle.

/** One rule a room: `from` may not reach anything of its package outside `allowed`. */
function room(name, packageName, from, allowed) {
  return {
    name,
    severity: "error",
    from: { path: `^packages/${packageName}/src/${from}` },
    to: {
      path: `^packages/${packageName}/src/`,
      pathNot: allowed.map((path) => `^packages/${packageName}/src/${path}`),
    },
  };
}

const protocol = (from, ...allowed) =>
  room(`protocol: floor of ${from}`, "celery-protocol", `${from}/`, [`${from}/`, ...allowed]);
const amqp = (from, ...allowed) => room(`amqp: floor of ${from}`, "celery-amqp", `${from}/`, [`${from}/`, ...allowed]);

const ground = ["ports/", "task/"];
const first = [...ground, "send/", "results/", "system/", "events/", "control/"];

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    { name: "no circles of files", severity: "error", from: {}, to: { circular: true } },
    {
      name: "no circles of folders",
      severity: "error",
      scope: "folder",
      from: { path: "^packages/" },
      to: { circular: true },
    },
    {
      name: "everything resolves",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { couldNotResolve: true },
    },
    {
      name: "sources never import tests",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { path: "/(test|bench|fixtures)/" },
    },
    {
      name: "nobody imports an entry",
      severity: "error",
      from: { path: "^packages/([^/]+)/src/" },
      to: { path: "^packages/$1/src/(index|worker|testing)\\.ts$" },
    },
    {
      name: "the checks of options import nothing",
      severity: "error",
      from: { path: "^packages/options/src/" },
      to: { pathNot: "^packages/options/src/" },
    },
    {
      name: "the protocol imports nothing",
      severity: "error",
      from: { path: "^packages/celery-protocol/src/" },
      to: { pathNot: "^packages/celery-protocol/src/" },
    },
    protocol("wire"),
    protocol("time", "wire/"),
    protocol("content", "wire/", "time/"),
    protocol("routing", "wire/", "time/", "content/"),
    protocol("task", "wire/", "time/", "content/", "routing/"),
    protocol("result", "wire/", "time/", "content/", "routing/"),
    protocol("event", "wire/", "time/", "content/", "routing/"),
    protocol("control", "wire/", "time/", "content/", "routing/"),
    protocol("monitor", "wire/", "time/", "content/", "result/", "event/"),
    protocol("canvas", "wire/", "time/", "content/", "routing/", "task/", "result/"),
    {
      name: "rabbit-k8s knows nothing of Celery",
      severity: "error",
      from: { path: "^packages/rabbit-k8s/" },
      to: { path: "^packages/celery-|@leveret/celery" },
    },
    {
      name: "packages never import apps",
      severity: "error",
      from: { path: "^packages/" },
      to: { path: "^apps/" },
    },
    {
      name: "nobody imports the command",
      severity: "error",
      from: { path: "^(packages|apps)/", pathNot: "^packages/cli/" },
      to: { path: "^packages/cli/|@leveret/cli" },
    },
    {
      name: "codecs stand on the protocol alone",
      severity: "error",
      from: { path: "^packages/celery-codecs/src/" },
      to: { path: "^packages/(celery-amqp|rabbit-)" },
    },
    {
      name: "celery-redis knows the client and worker by their entries",
      severity: "error",
      from: { path: "^packages/celery-redis/src/" },
      to: { path: "^packages/(celery-amqp/src/(?!index\\.ts$)|celery-codecs|rabbit-)" },
    },
    {
      name: "who keeps results is plugged in",
      severity: "error",
      from: { path: "^packages/(?!celery-redis/|cli/)[^/]+/src/" },
      to: { path: "^packages/celery-redis/" },
    },
    {
      name: "the command loads Redis when it is asked for",
      severity: "error",
      from: { path: "^packages/cli/src/" },
      to: { path: "^packages/celery-redis/", dynamic: false },
    },
    {
      name: "ioredis only in celery-redis",
      severity: "error",
      from: { path: "^packages/(?!celery-redis/)[^/]+/src/" },
      to: { path: "node_modules/.*ioredis|^ioredis" },
    },
    {
      name: "metrics and traces know the client and worker by their entries",
      severity: "error",
      from: { path: "^packages/celery-(metrics|otel)/src/" },
      to: { path: "^packages/(celery-amqp/src/(?!(index|worker)\\.ts$)|celery-(codecs|redis|protocol)|rabbit-)" },
    },
    {
      name: "who measures and traces is plugged in",
      severity: "error",
      from: { path: "^packages/(?!celery-(metrics|otel)/)[^/]+/src/" },
      to: { path: "^packages/celery-(metrics|otel)/|node_modules/.*(prom-client|@opentelemetry)" },
    },
    {
      name: "the lab is for tests alone",
      severity: "error",
      from: { path: "^packages/(?!lab/)[^/]+/src/" },
      to: { path: "^packages/lab/|@leveret/lab" },
    },
    {
      name: "amqplib only in amqp/",
      severity: "error",
      from: { path: "^packages/celery-amqp/src/", pathNot: "^packages/celery-amqp/src/amqp/" },
      to: { path: "node_modules/.*amqplib|^amqplib" },
    },
    {
      name: "only entries assemble amqp/",
      severity: "error",
      from: { path: "^packages/celery-amqp/src/[^/]+/", pathNot: "^packages/celery-amqp/src/amqp/" },
      to: { path: "^packages/celery-amqp/src/amqp/" },
    },
    amqp("ports"),
    amqp("task", "ports/"),
    amqp("amqp", ...ground, "system/"),
    amqp("system", ...ground),
    amqp("send", ...ground),
    amqp("results", ...ground),
    amqp("events", ...ground),
    amqp("control", ...ground, "events/"),
    amqp("client", ...first),
    {
      name: "rules know policies and the format, nothing else",
      severity: "error",
      from: { path: "^packages/celery-amqp/src/worker/rules/" },
      to: {
        path: ".",
        pathNot: "^packages/celery-amqp/src/(worker/rules/|task/policy\\.ts)|(^|/)packages/celery-protocol/",
      },
    },
    room("amqp: floor of worker/control", "celery-amqp", "worker/control/", [
      "worker/control/",
      "worker/rules/",
      ...ground,
      "events/",
      "control/",
    ]),
    room("amqp: floor of worker/pool", "celery-amqp", "worker/pool/", ["worker/pool/", "worker/rules/", ...first]),
    room("amqp: floor of worker/pipeline", "celery-amqp", "worker/pipeline/", [
      "worker/pipeline/",
      "worker/pool/",
      "worker/rules/",
      ...first,
    ]),
    room("amqp: the worker never imports the client", "celery-amqp", "worker/[^/]+\\.ts$", ["worker/", ...first]),
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
