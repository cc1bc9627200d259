import { runProgram } from "./program.ts";
import { processTerminal } from "./terminal/process-terminal.ts";

const terminal = processTerminal(process);
const code = await runProgram(process.argv.slice(2), terminal);
// A worker stopped by signals has set its exit code already.
if (code !== 0) process.exitCode = code;
