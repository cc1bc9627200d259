import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

/** A file of amqplib that it does not export. */
export function inner(name: string): unknown {
  return require(join(dirname(require.resolve("amqplib")), "lib", name));
}
