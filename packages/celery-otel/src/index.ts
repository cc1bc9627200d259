export { createTracing, type TracingOptions } from "./tracing.ts";
