// Starts a server, tells where on stdout as JSON, and then waits to be killed; with `leave` as argument it ends without stopping it.
import { startRabbit } from "../../src/index.ts";
import { tracesOf } from "./leftovers.ts";

const rabbit = await startRabbit({ onProgress: (line) => console.error(line) });
console.log(JSON.stringify({ ...tracesOf(rabbit), version: rabbit.version }));
if (process.argv[2] !== "leave") setInterval(() => undefined, 60_000);
