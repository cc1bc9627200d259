// Writes the pictures of docs/workflows.md, drawn from canvases as they are sent: node --conditions=@leveret/source scripts/pictures.ts
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chain, chord, chunks, defineTask, group, map } from "../packages/celery-amqp/src/index.ts";
import type { AnySignature } from "../packages/celery-amqp/src/index.ts";
import { toWireSignature } from "../packages/celery-amqp/src/task/wire-signature.ts";
import { freezeSignature, linksOf, readCanvas } from "../packages/celery-protocol/src/canvas.ts";
import type { WireSignature } from "../packages/celery-protocol/src/index.ts";

const add = defineTask<(x: number, y: number) => number>("add");
const mul = defineTask<(x: number, y: number) => number>("mul");
const sum = defineTask<(items: readonly number[]) => number>("sum");
const square = defineTask<(x: number) => number>("square");
const tell = defineTask<(total: number) => void>("tell");
const alarm = defineTask<(taskId: string) => void>("alarm");

/** By the names that the page gives them. */
const canvases: Readonly<Record<string, AnySignature>> = {
  chain: chain(add.s(2, 2), mul.s(4), add.s(1)),
  group: group(add.s(1, 1), add.s(2, 2), add.s(3, 3)),
  chord: chord([add.s(1, 1), add.s(2, 2), add.s(3, 3)], sum.s()),
  "a group between two steps": chain(add.s(1, 1), group(mul.s(2), mul.s(3)), sum.s()),
  "a chord of chains": chord([chain(add.s(1, 1), mul.s(2)), add.s(3, 3)], chain(sum.s(), mul.s(10))),
  map: map(square, [1, 2, 3]),
  chunks: chunks(
    add,
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
    2,
  ),
  links: add.s(1, 1).link(tell.s()).linkError(alarm.s()),
};

const mint = { id: () => "id", now: 0, origin: "", replyTo: null };
/** Canvases in their normal form. */
const sent: Readonly<Record<string, AnySignature>> = {
  "two groups in a row, and a step": chain(group(add.s(1, 1), add.s(2, 2)), group(sum.s(), sum.s()), sum.s()),
  "two groups in a row": chain(group(add.s(1, 1), add.s(2, 2)), group(sum.s(), sum.s())),
  "a chain that ends in a group, in a header": chord(
    [chain(add.s(1, 1), group(mul.s(2), mul.s(3))), add.s(3, 3)] as never,
    sum.s() as never,
  ),
};

/** The page with each block of mermaid below a line that names a canvas drawn anew. */
export function withPictures(markdown: string): string {
  return markdown.replaceAll(
    /(<!-- picture: (.+) -->\n\n)```mermaid\n[\s\S]*?```/g,
    (_block, line: string, name: string) => {
      const [canvas, isSent] = [canvases[name] ?? sent[name], name in sent];
      if (canvas === undefined) throw new Error(`docs/workflows.md wants a picture of "${name}", and there is none`);
      const signature = toWireSignature(canvas);
      return `${line}${pictureOf(isSent ? freezeSignature(signature, mint).signature : signature)}`;
    },
  );
}

/** Which boxes of a part begin it, and which end it. */
interface Part {
  readonly first: readonly string[];
  readonly last: readonly string[];
}

function pictureOf(signature: WireSignature): string {
  const drawing = new Drawing();
  drawing.draw(signature);
  return ["```mermaid", "flowchart LR", ...drawing.lines.map((line) => `  ${line}`), "```"].join("\n");
}

class Drawing {
  readonly lines: string[] = [];
  #boxes = 0;

  draw(signature: WireSignature): Part {
    const part = this.#inside(signature);
    for (const [option, label] of [
      ["link", "link"],
      ["link_error", "error"],
    ] as const) {
      for (const linked of linksOf(signature, option)) this.#join(part, this.draw(linked), ` -. ${label} .-> `);
    }
    return part;
  }

  #inside(signature: WireSignature): Part {
    const canvas = readCanvas(signature);
    switch (canvas.kind) {
      case "chain":
        return this.#follow(canvas.tasks);
      case "group":
        return this.#beside(canvas.tasks, "group");
      case "chord": {
        const header = this.#beside(canvas.header, "header");
        const body = canvas.body === null ? header : this.draw(canvas.body);
        this.#join(header, body);
        return { first: header.first, last: body.last };
      }
      case "task":
        return this.#box(`${signature.task}(${signature.args.map((arg) => JSON.stringify(arg)).join(", ")})`);
      default: {
        const items = "items" in canvas ? JSON.stringify(canvas.items) : "";
        return this.#box(`${canvas.kind} ${canvas.task.task} over ${items}`);
      }
    }
  }

  #follow(steps: readonly WireSignature[]): Part {
    const parts = steps.map((step) => this.draw(step));
    for (const [index, part] of parts.entries()) {
      const before = parts[index - 1];
      if (before !== undefined) this.#join(before, part);
    }
    return { first: parts[0]?.first ?? [], last: parts.at(-1)?.last ?? [] };
  }

  #beside(members: readonly WireSignature[], title: string): Part {
    this.lines.push(`subgraph ${title}${++this.#boxes} [${title}]`);
    const parts = members.map((member) => this.draw(member));
    this.lines.push("end");
    return { first: parts.flatMap(({ first }) => first), last: parts.flatMap(({ last }) => last) };
  }

  #box(text: string): Part {
    const name = `t${++this.#boxes}`;
    this.lines.push(`${name}["${text.replaceAll('"', "'")}"]`);
    return { first: [name], last: [name] };
  }

  #join({ last }: Part, { first }: Part, arrow = " --> "): void {
    this.lines.push(`${last.join(" & ")}${arrow}${first.join(" & ")}`);
  }
}

if (import.meta.main) {
  const page = join(import.meta.dirname, "../docs/workflows.md");
  writeFileSync(page, withPictures(readFileSync(page, "utf8")));
}
