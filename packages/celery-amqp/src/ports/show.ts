import { plain } from "@leveret/celery-protocol";

const maxLength = 80;

/** A value as an error shows it, cut: text in quotes, objects as JSON, what has no JSON by its own text. */
export function showValue(value: unknown): string {
  const shown = asText(value);
  return plain(shown.length > maxLength ? `${shown.slice(0, maxLength)}…` : shown);
}

function asText(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : value.toISOString();
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return "an object"; // one that refers to itself, or holds what JSON cannot
  }
}
