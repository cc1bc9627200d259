/** The true class; tests of instances hold for both. */
const TrueDate = Date;
let offsetMs = 0;

/** Sets the system clock of this thread off, as an operator or NTP does. Timers are unchanged. */
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
