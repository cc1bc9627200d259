// The prose of a document, and its links.

/** A document without its code blocks and its front matter, which are no prose. */
function proseOf(markdown: string): string {
  return markdown.replace(/^---\n[\s\S]*?\n---\n/, "").replaceAll(/^```[\s\S]*?^```$/gm, "");
}

/** Paragraphs and items of lists. Tables, headings and comments are left out. */
export function paragraphsOf(markdown: string): readonly string[] {
  return proseOf(markdown)
    .split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )/)
    .map((block) => block.trim())
    .filter((block) => block !== "" && !/^(?:[|#]|<!--)/.test(block));
}

/** How many words a reader reads: the address of a link is none. */
export function wordsIn(paragraph: string): number {
  return paragraph.replaceAll(/\]\([^)]*\)/g, "]").split(/\s+/).length;
}

/** The addresses that a document links to. */
export function linksOf(markdown: string): readonly string[] {
  return [...proseOf(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, address]) => address ?? "");
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const headings = [...proseOf(markdown).matchAll(/^#+ (.+)$/gm)].map(([, text]) => text ?? "");
  const plain = headings.map((text) => text.replaceAll(/\]\([^)]*\)/g, "]").toLowerCase());
  return new Set(plain.map((text) => text.replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")));
}
