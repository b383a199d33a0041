import type { SourceFile, Span } from "../syntax/source.js";

/*
 * A literal key in a policy file is an error, and the finding about it, or about anything else on its line, must not
 * carry the key into a CI log. This is told from the text alone, because a file that is not YAML has no tree.
 */

/** A key whose value is a secret unless it is a reference. */
const SECRET_KEY = /(["']?)[\w-]*(?:api[-_]?key|secret|passw(?:or)?d|token)[\w-]*\1[ \t]*:(?=[ \t])[ \t]*/gi;
const CREDENTIALS = /(["']?)credentials?\1[ \t]*:(?=\s)/gi;
const NAMED_PARTS = /^(?:listeners|services|consumers|policies):[ \t]*(?:#.*)?(?:\n[ \t]*(?:#.*)?)*\n( +)(?=[^\s#])/gm;
const REFERENCE = /^["']?(?:env:[A-Za-z_][A-Za-z0-9_]*|sha256:[0-9a-fA-F]{64}|mounted:\/[^\s"']*)["']?$/;

interface Range {
  start: number;
  end: number;
}

/** The places in a file that may hold a secret, ascending; they do not overlap. */
export function secretsIn(source: SourceFile): Span[] {
  const { text } = source;
  const ranges = [
    ...[...keyedValues(text), ...credentials(text)].flatMap((range) => values(text, range)),
    ...keyedMappings(text).flatMap((range) => wordsOf(text, range)),
  ];
  ranges.sort((a, b) => a.start - b.start || b.end - a.end);
  const kept: Span[] = [];
  for (const range of ranges) if (range.start >= (kept.at(-1)?.end ?? 0)) kept.push({ source, ...range });
  return kept;
}

/** A text with an asterisk for every character of a secret that stands in it. */
export function withoutSecrets(text: string, secrets: readonly Span[]): string {
  return secrets.reduce((shown, { source, start, end }) => {
    const secret = source.text.slice(start, end).replace(/^["']|["']$/g, "");
    return secret === "" ? shown : shown.replaceAll(secret, "*".repeat(secret.length));
  }, text);
}

function keyedValues(text: string): Range[] {
  return [...text.matchAll(SECRET_KEY)].flatMap((match) => {
    const start = match.index + match[0].length;
    // A mapping says where a credential is (`apiKey: { header: x-api-key }`); its own keys tell what is secret.
    return text[start] === "{" ? [] : [{ start, end: valueEnd(text, start) }];
  });
}

/** The mappings in braces behind such a key, outermost ones. */
function keyedMappings(text: string): Range[] {
  const named = namedParts(text);
  const mappings: Range[] = [];
  for (const match of text.matchAll(SECRET_KEY)) {
    const start = match.index + match[0].length;
    if (text[start] !== "{" || start < (mappings.at(-1)?.end ?? 0) || isName(text, match.index, named)) continue;
    mappings.push({ start, end: closing(text, start) });
  }
  return mappings;
}

interface NamedParts extends Range {
  /** Of the names. */
  indent: number;
}

/** The parts of a file whose keys are names, which may be `token-check` and yet keep no secret. */
function namedParts(text: string): NamedParts[] {
  return [...text.matchAll(NAMED_PARTS)].map((match) => {
    const start = match.index + match[0].length;
    const next = text.slice(start).search(/\n[^\s#]/);
    return { start, end: next < 0 ? text.length : start + next, indent: match[1]?.length ?? 0 };
  });
}

function isName(text: string, key: number, parts: readonly NamedParts[]): boolean {
  const indent = key - (text.lastIndexOf("\n", key) + 1);
  return parts.some((part) => key >= part.start && key < part.end && indent === part.indent);
}

/** What stands under `credentials`: in brackets, or in the lines that are indented below it. */
function credentials(text: string): Range[] {
  return [...text.matchAll(CREDENTIALS)].map((match) => {
    const start = match.index + match[0].length;
    const opening = text.slice(start, lineEnd(text, start)).trimStart()[0];
    return { start, end: opening === "[" || opening === "{" ? closing(text, start) : blockEnd(text, match.index) };
  });
}

/** The end of the line, or of the mapping in braces; a comma may belong to the secret. */
function valueEnd(text: string, start: number): number {
  const brace = text.indexOf("}", start);
  const end = lineEnd(text, start);
  return brace < 0 ? end : Math.min(brace, end);
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf("\n", start);
  return end < 0 ? text.length : end;
}

/** Behind the bracket that closes the first one, or the end of the text. */
function closing(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const sign = text[i];
    if (sign === "[" || sign === "{") depth++;
    else if ((sign === "]" || sign === "}") && --depth === 0) return i + 1;
  }
  return text.length;
}

function blockEnd(text: string, key: number): number {
  const lineStart = text.lastIndexOf("\n", key) + 1;
  const indent = key - lineStart;
  let end = lineEnd(text, key);
  while (end < text.length) {
    const line = text.slice(end + 1, lineEnd(text, end + 1));
    const depth = line.search(/\S/);
    if (depth >= 0 && depth < indent) break;
    if (depth === indent && line[depth] !== "-") break;
    end = lineEnd(text, end + 1);
  }
  return end;
}

/** Words in a range that are neither keys nor references. */
function values(text: string, range: Range): Range[] {
  return [...text.slice(range.start, range.end).matchAll(/[^\s,[\]{}]+/g)].flatMap((match) => {
    const [word] = match;
    if (word.endsWith(":") || word === "-" || REFERENCE.test(word)) return [];
    const start = range.start + match.index;
    return [{ start, end: start + word.length }];
  });
}

/** Words in braces: any may be the secret, also a key, but not `header:` and the name of the header behind it. */
function wordsOf(text: string, range: Range): Range[] {
  let afterHeader = false;
  return [...text.slice(range.start, range.end).matchAll(/[^\s,[\]{}]+/g)].flatMap((match) => {
    const [word] = match;
    const isHeader = /^(["']?)header\1:$/.test(word);
    const kept = isHeader || afterHeader || REFERENCE.test(word);
    afterHeader = isHeader;
    const start = range.start + match.index;
    return kept ? [] : [{ start, end: start + word.replace(/:$/, "").length }];
  });
}
