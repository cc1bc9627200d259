export { RabbitLocalError, type RabbitLocalErrorCode } from "./errors.ts";
export type { RabbitNode } from "./node/node.ts";
export type { RabbitOptions } from "./options.ts";
export { type RabbitServer, startRabbit } from "./server.ts";
