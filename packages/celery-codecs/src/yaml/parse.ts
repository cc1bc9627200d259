import { ProtocolError } from "@leveret/celery-protocol";
import { Composer, type CST, type Document, Lexer, type ParsedNode, Parser } from "yaml";
import { invalid } from "./invalid.ts";

/**
 * How deep YAML may nest. Python's recursion limit ends PyYAML before it, so nothing that Celery can send is refused; the
 * library's own recursion would end not far behind the core's limit.
 */
export const MAX_YAML_DEPTH = 500;

/** Parsing holds some 200 bytes a token, and PyYAML would be busy with so many for the better part of a minute. */
export const MAX_TOKENS = 500_000;

/** Syntax only: every scalar stays text, for PyYAML's types differ from those the library knows. */
const SYNTAX = {
  version: "1.1",
  schema: "failsafe",
  merge: false,
  resolveKnownTags: false,
  // Checking compares each key with each other; as with PyYAML the last of two equal keys wins.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: "silent",
} as const;

/**
 * The nodes of a text that is one YAML document; null for an empty one.
 *
 * @throws ProtocolError `decode-failed` for a text that is no YAML or more than one document, `too-deep` beyond
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
    // The document itself is the lowest of the stack, and a scalar may be the uppermost.
    if (parser.stack.length > MAX_YAML_DEPTH + 2) throw tooDeep();
  }
  for (const token of parser.end()) documents.push(...composed(composer, token));
  documents.push(...composer.end(true, text.length));
  return documents;
}

/** One error is enough: the library would make one of each token that follows. */
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
