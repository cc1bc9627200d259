import * as fc from "fast-check";
import { expect, test } from "vitest";
import { build } from "../support/canvases.ts";
import { CanvasRun } from "../support/canvas-run.ts";
import { evaluate, FAILED, wellFormed } from "../support/evaluation.ts";

test("a canvas that is run gives what it comes to as an expression", () => {
  fc.assert(
    fc.property(wellFormed(["a", "b", "c"], 4), (canvas) => {
      const run = new CanvasRun("all");
      const result = run.start(build(canvas));
      run.finish();
      expect(result && run.valueOf(result)).toEqual(evaluate(canvas, []));
    }),
    { numRuns: 200 },
  );
});

test("a canvas in which something fails comes to its end, too, failed where the expression is", () => {
  fc.assert(
    fc.property(wellFormed(["a", "b", "a", "b", "c", "c", "fail"], 4), (canvas) => {
      const run = new CanvasRun("all");
      const result = run.start(build(canvas));
      run.finish();
      const value = evaluate(canvas, []);
      expect(result && run.valueOf(result)).toEqual(value === FAILED ? null : value);
    }),
    { numRuns: 200 },
  );
});
