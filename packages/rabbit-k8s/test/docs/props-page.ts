import { readFileSync } from "node:fs";

/** The files whose interfaces a user writes, with the heading of their part. */
const parts = [
  ["A cluster", "cluster/props.ts"],
  ["Its pods", "cluster/pod-props.ts"],
  ["What it holds", "cluster/topology.ts"],
  ["Workers", "workers/props.ts"],
] as const;

const title = `# Every prop of \`@leveret/rabbit-k8s\`

A program writes this page from the docstrings of the sources, and a test compares them. \`*\` marks required props.
`;

/** The page of all props, from the comments of the sources. */
export function propsPage(): string {
  const sections = parts.map(([heading, file]) => {
    const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), "utf8");
    return `## ${heading}\n\n${[...interfaces(source)].join("\n")}`;
  });
  return [title, ...sections].join("\n");
}

function* interfaces(source: string): Generator<string> {
  const pattern = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport interface (\w+)(?: extends (\w+))? \{\n([\s\S]*?)\n\}\n/g;
  for (const [, about = "", name = "", parent, body = ""] of source.matchAll(pattern)) {
    const inherits = parent === undefined ? "" : ` And everything of \`${parent}\`.`;
    yield `### \`${name}\`\n\n${plain(about)}${inherits}\n\n| prop | meaning |\n| --- | --- |\n${rows(body)}`;
  }
}

function rows(body: string): string {
  const pattern = /^ {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n {2}readonly (\w+)(\??):/gm;
  return [...body.matchAll(pattern)]
    .map(([, about = "", name = "", optional]) => `| \`${name}\`${optional === "" ? " \\*" : ""} | ${plain(about)} |\n`)
    .join("");
}

function plain(comment: string): string {
  return comment.replaceAll(/\s*\n\s*\*?\s*/g, " ").trim();
}
