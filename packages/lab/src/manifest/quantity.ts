const decimal = { m: 0.001, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };
const binary = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3, Ti: 1024 ** 4, Pi: 1024 ** 5 };
const units: Readonly<Record<string, number>> = { ...decimal, ...binary };

/** The number that a Kubernetes quantity stands for: `512Mi` is 536870912. Throws where it is none. */
export function parseQuantity(text: string): number {
  const [, number = "", unit = ""] = /^([\d.]+)([a-zA-Z]*)$/.exec(text) ?? [];
  const factor = units[unit];
  if (number === "" || factor === undefined) throw new Error(`not a quantity: ${text}. Write for example 512Mi.`);
  return Number(number) * factor;
}
