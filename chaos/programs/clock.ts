/** The true class; tests of instances hold for both. */
const TrueDate = Date;
let offsetMs = 0;

/** Sets the wall clock of this thread off by so much from now on, as an operator or NTP does. Timers go on as they are. */
export function stepClock(byMs: number): void {
  offsetMs = byMs;
  globalThis.Date = SteppedDate as DateConstructor;
}

const SteppedDate: unknown = new Proxy(TrueDate, {
  construct: (target, args: [], newTarget: new () => object): object =>
    args.length === 0
      ? Reflect.construct(target, [TrueDate.now() + offsetMs], newTarget)
      : Reflect.construct(target, args, newTarget),
  get: (target, property, receiver): unknown =>
    property === "now" ? () => TrueDate.now() + offsetMs : Reflect.get(target, property, receiver),
});
