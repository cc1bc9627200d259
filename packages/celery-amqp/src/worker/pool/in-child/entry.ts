import { parentPort } from "node:worker_threads";
import { processChannel } from "./process-channel.ts";
import { threadChannel } from "./thread-channel.ts";
import { serveParent } from "./main.ts";

// The program of a child, thread or process.
serveParent(parentPort === null ? processChannel(process) : threadChannel(parentPort));
