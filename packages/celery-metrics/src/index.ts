export { createMetrics, type Metrics, type MetricsOptions, type Observed } from "./metrics.ts";
