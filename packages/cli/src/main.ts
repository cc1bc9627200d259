import { runProgram } from "./program.ts";
import { processTerminal } from "./terminal/process-terminal.ts";

const terminal = processTerminal(process);
const code = await runProgram(process.argv.slice(2), terminal);
// A worker that was stopped by signals has said its own code already.
if (code !== 0) process.exitCode = code;
