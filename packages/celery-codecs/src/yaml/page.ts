/** PyYAML folds after this column. */
export const WIDTH = 80;

/** The text as it is written, and where on the line it stands. Rules: PyYAML, yaml/emitter.py. */
export class Page {
  readonly #parts: string[] = [];
  #column = 0;
  /** The last thing written was space, so that none is needed before the next. */
  #spaced = true;
  /** Nothing but indentation and the marks `-`, `?`, `:` stands on the line, so that a collection may go on there. */
  #atMarks = true;

  get column(): number {
    return this.#column;
  }

  get atMarks(): boolean {
    return this.#atMarks;
  }

  toString(): string {
    return this.#parts.join("");
  }

  /** A mark behind which a block collection may begin on the same line. */
  mark(mark: "-" | "?" | ":"): void {
    this.#put(this.#spaced ? mark : ` ${mark}`);
    this.#spaced = false;
  }

  /** A word set off by a space. */
  word(text: string): void {
    this.#put(this.#spaced ? text : ` ${text}`);
    this.#inText();
  }

  /** Text that goes on where the line stands. */
  text(text: string): void {
    this.#put(text);
    this.#inText();
  }

  lineBreak(): void {
    this.#parts.push("\n");
    this.#column = 0;
    this.#spaced = true;
    this.#atMarks = true;
  }

  /** On to an indentation: on this line if nothing but marks stands on it so far, else on the next. */
  indent(column: number): void {
    const isPast = this.#column > column || (this.#column === column && !this.#spaced);
    if (!this.#atMarks || isPast) this.lineBreak();
    if (this.#column >= column) return;
    this.#put(" ".repeat(column - this.#column));
    this.#spaced = true;
  }

  #inText(): void {
    this.#spaced = false;
    this.#atMarks = false;
  }

  #put(text: string): void {
    this.#parts.push(text);
    this.#column += text.length;
  }
}
