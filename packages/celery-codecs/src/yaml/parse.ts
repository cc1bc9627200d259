import { ProtocolError } from "@leveret/celery-protocol";
import { Composer, type CST, type Document, Lexer, type ParsedNode, Parser } from "yaml";
import { invalid } from "./invalid.ts";

/**
 * Most levels of nesting in YAML. PyYAML fails earlier, by Python's recursion limit, so every body that Celery can send
 * is accepted; the library's own recursion would overflow not far beyond JSON's limit.
 */
export const MAX_YAML_DEPTH = 500;

/** Parsing takes some 200 bytes a token, and PyYAML would take most of a minute for this number. */
export const MAX_TOKENS = 500_000;

/** Syntax only: every scalar stays a string, since PyYAML's types differ from the library's. */
const SYNTAX = {
  version: "1.1",
  schema: "failsafe",
  merge: false,
  resolveKnownTags: false,
  // The check is quadratic; as with PyYAML the last of two equal keys wins.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: "silent",
} as const;

/**
 * Parses one YAML document to nodes; null for an empty one.
 *
 * @throws ProtocolError `decode-failed` for a string that is not YAML or has more than one document, `too-deep` beyond
 * `MAX_YAML_DEPTH` levels, `too-large` beyond `MAX_TOKENS` tokens.
 */
export function parseYaml(text: string): ParsedNode | null {
  const [document, another] = compose(text);
  if (another !== undefined) throw invalid("it has more than one document");
  const error = document?.errors[0];
  if (error?.code === "RESOURCE_EXHAUSTION") throw tooDeep();
  if (error !== undefined) throw invalid(`${error.code} at character ${error.pos[0]}`);
  return document?.contents ?? null;
}

function compose(text: string): Document.Parsed[] {
  const parser = new Parser();
  const composer = new Composer(SYNTAX);
  const documents: Document.Parsed[] = [];
  let tokens = 0;
  for (const lexeme of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens > MAX_TOKENS) throw tooMany();
    for (const token of parser.next(lexeme)) documents.push(...composed(composer, token));
    // The document itself is at the bottom of the stack, and a scalar may be on top.
    if (parser.stack.length > MAX_YAML_DEPTH + 2) throw tooDeep();
  }
  for (const token of parser.end()) documents.push(...composed(composer, token));
  documents.push(...composer.end(true, text.length));
  return documents;
}

/** Stops at the first error: the library would create one for each further token. */
function composed(composer: Composer, token: CST.Token): Iterable<Document.Parsed> {
  if (token.type === "error") throw invalid(`UNEXPECTED_TOKEN at character ${token.offset}`);
  return composer.next(token);
}

function tooDeep(): ProtocolError {
  return new ProtocolError("too-deep", "remote", `The YAML body nests deeper than ${MAX_YAML_DEPTH} levels.`);
}

function tooMany(): ProtocolError {
  return new ProtocolError("too-large", "remote", `The YAML body has more than ${MAX_TOKENS} tokens.`);
}
