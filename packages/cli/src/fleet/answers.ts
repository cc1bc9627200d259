import { plain, plainLines } from "@leveret/celery-protocol/wire";
import type { Terminal } from "../terminal/terminal.ts";
import { toJson } from "../terminal/to-json.ts";
import type { Answers } from "./inspections.ts";

const indent = " ".repeat(8);

/** Formats replies for people, as `celery inspect` does: a line for each node, its reply below. */
export function showAnswers(answers: Answers, terminal: Terminal): string {
  return Object.keys(answers)
    .toSorted()
    .map((node) => showAnswer(node, answers[node], terminal))
    .join("");
}

/** `3 nodes online.` */
export function nodesOnline(count: number): string {
  return `${count} ${count === 1 ? "node" : "nodes"} online.`;
}

/** Whether a reply is an error. */
export function isRefusal(answer: unknown): boolean {
  return isTable(answer) && "error" in answer;
}

function showAnswer(node: string, answer: unknown, terminal: Terminal): string {
  const verdict = isRefusal(answer) ? terminal.paint("red", "ERROR") : terminal.paint("green", "OK");
  const lines = wordsOf(answer).split("\n");
  const below = lines.filter((line) => line !== "").map((line) => `${indent}${line}\n`);
  return `->  ${plain(node)}: ${verdict}\n${below.join("")}`;
}

function wordsOf(answer: unknown): string {
  if (isTable(answer) && "ok" in answer) return wordsOf(answer["ok"]);
  if (isTable(answer) && "error" in answer) return wordsOf(answer["error"]);
  if (answer === null) return "";
  if (typeof answer === "string") return plainLines(answer);
  if (!Array.isArray(answer)) return plainLines(JSON.stringify(JSON.parse(toJson(answer)), null, 2));
  return answer.length === 0 ? "- empty -" : answer.map((item) => `* ${itemText(item)}`).join("\n");
}

function itemText(item: unknown): string {
  return plain(typeof item === "string" ? item : toJson(item));
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
