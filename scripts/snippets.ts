// Code blocks of the documents, as files that can be checked and run.

/** One fenced block of TypeScript. */
export interface Snippet {
  /** Name of its file: that in its first line (`// tasks.ts`), else by its position. */
  readonly file: string;
  readonly code: string;
  /** The expected output, from the comments after `console.log(…);`, in order. */
  readonly prints: readonly string[];
  /** It runs until a signal stops it. */
  readonly serves: boolean;
}

/** All `ts` blocks of a document, in order. Blocks of one name are one file, the last one counts. */
export function snippetsOf(markdown: string): readonly Snippet[] {
  const blocks = [...markdown.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code ?? "");
  const byFile = new Map(
    blocks.map((code, index) => {
      const file = /^\/\/ ([\w-]+\.ts)\b/.exec(code)?.[1] ?? `snippet-${index + 1}.ts`;
      return [file, toSnippet(file, code)] as const;
    }),
  );
  return [...byFile.values()];
}

function toSnippet(file: string, code: string): Snippet {
  const prints = [...code.matchAll(/^\s*console\.log\(.*\); \/\/ (.+)$/gm)].map(([, text]) => (text ?? "").trim());
  return { file, code, prints, serves: /\brunWorker\(/.test(code) };
}
