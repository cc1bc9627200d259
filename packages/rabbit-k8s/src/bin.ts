#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { runCommand } from "./command/command.ts";

process.exitCode = runCommand(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(`${text}\n`),
  variable: (name) => process.env[name],
  read: (file) => readFileSync(file === "-" ? 0 : file, "utf8"),
});
