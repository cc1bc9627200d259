import type { Content } from "@leveret/celery-protocol";
import type { ResultStore } from "../../results/backend.ts";
import type { Planner } from "../../send/plan.ts";
import type { RuleContext } from "../rules/context.ts";
import type { AssemblyParts } from "./parts.ts";

/** What the rules of a worker read besides a message. */
export interface RuleContextParts extends Pick<AssemblyParts, "options" | "clock" | "ids" | "nodeName" | "pid"> {
  readonly content: Content;
  readonly results: ResultStore;
  readonly planner: Planner;
}

/** The context of the rules. `callsErrback`: default false for all errbacks. */
export function createRuleContext(
  { options, clock, ids, nodeName, pid, content, results, planner }: RuleContextParts,
  callsErrback: RuleContext["callsErrback"] = () => false,
): RuleContext {
  return {
    get now() {
      return clock.now();
    },
    nodeName,
    pid,
    deadLetter: options.deadLetter,
    budget: content.budget,
    countsChords: results.chords !== undefined,
    failUnfinishableChords: options.failUnfinishableChords,
    inheritsPriority: options.inheritsPriority,
    callsErrback,
    routeOf: planner.termsOf,
    uuid: () => ids.uuid(),
    random: () => ids.random(),
  };
}
