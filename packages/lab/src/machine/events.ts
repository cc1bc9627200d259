import { appendFileSync, readFileSync, writeFileSync } from "node:fs";

/** What happened, a line each: seconds since the start, and words. */
export class Events {
  readonly #file: string;
  readonly #print: boolean;
  readonly #started: number = Date.now();

  constructor(file: string, print: boolean) {
    this.#file = file;
    this.#print = print;
    writeFileSync(file, "");
  }

  add(...words: readonly (string | number)[]): void {
    const seconds = ((Date.now() - this.#started) / 1000).toFixed(1).padStart(7);
    const line = `${seconds} ${words.join(" ")}`;
    appendFileSync(this.#file, `${line}\n`);
    if (this.#print) console.log(line);
  }

  text(): string {
    return readFileSync(this.#file, "utf8");
  }
}
