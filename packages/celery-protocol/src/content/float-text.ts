/** A float as Python's `repr` prints it: shortest digits, `1.0`, `1e+16`, `1e-05`, `nan`, `inf`. */
export function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) return exponential(value);
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function exponential(value: number): string {
  const [mantissa, exponent = ""] = value.toExponential().split("e");
  return `${mantissa}e${exponent.slice(0, 1)}${exponent.slice(1).padStart(2, "0")}`;
}
