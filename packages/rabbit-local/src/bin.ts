#!/usr/bin/env node
import { startRabbit } from "./server.ts";

const rabbit = await startRabbit();
process.stdout.write(`${rabbit.url}\n`);
