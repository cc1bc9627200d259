// pnpm chaos: publishers and workers under faults; what was promised is judged. See `--help`.
import { randomInt } from "node:crypto";
import { keepRow, rowOf } from "./figures.ts";
import { help, parseCommand } from "./options.ts";
import { describeOutcome } from "./report.ts";
import { runChaos } from "./run.ts";
import { describeFault, planFaults } from "./schedule.ts";
import { sceneOf } from "./stage.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const command = parseCommand(args, () => randomInt(2 ** 32));
  switch (command.do) {
    case "help":
      process.stdout.write(help);
      return 0;
    case "refuse":
      process.stderr.write(`pnpm chaos: ${command.complaint}\n\n${help}`);
      return 64;
    case "schedule":
      console.log(planFaults(sceneOf(command.options)).map(describeFault).join("\n"));
      return 0;
    case "run": {
      const start = Date.now();
      const tell = (line: string): void => console.error(`${seconds(start)}  ${line}`);
      tell(`seed ${command.options.seed}`);
      const outcome = await runChaos(command.options, tell);
      console.log(`\n${describeOutcome(outcome)}`);
      if (command.write) keepRow(rowOf(outcome));
      return outcome.violations.length === 0 ? 0 : 1;
    }
  }
}

function seconds(start: number): string {
  return `${((Date.now() - start) / 1000).toFixed(1).padStart(6)} s`;
}
