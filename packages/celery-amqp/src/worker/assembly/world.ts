import type { Content } from "@leveret/celery-protocol";
import type { ResultStore } from "../../results/backend.ts";
import type { Planner } from "../../send/plan.ts";
import type { World } from "../rules/world.ts";
import type { AssemblyParts } from "./parts.ts";

/** What the rules of a worker read besides a message. */
export interface WorldParts extends Pick<AssemblyParts, "options" | "clock" | "ids" | "nodeName" | "pid"> {
  readonly content: Content;
  readonly results: ResultStore;
  readonly planner: Planner;
}

/** The world of the rules. `callsErrback`: default false for all errbacks. */
export function createWorld(
  { options, clock, ids, nodeName, pid, content, results, planner }: WorldParts,
  callsErrback: World["callsErrback"] = () => false,
): World {
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
