import { plain } from "@leveret/celery-protocol/wire";
import { readable } from "./foreign.ts";
import { cut, textOf } from "./thrown.ts";

const maxLength = 80;

/** A value as an error shows it, cut: text in quotes, objects as JSON, what has no JSON by its own text. Never throws. */
export function showValue(value: unknown): string {
  return plain(cut(asText(value), maxLength));
}

function asText(value: unknown): string {
  if (typeof value === "bigint") return `${textOf(value)}n`;
  if (typeof value === "string") return JSON.stringify(cut(value, maxLength));
  if (typeof value !== "object") return textOf(value);
  const shown = readable(value);
  return typeof shown === "string" ? shown : JSON.stringify(shown);
}
