import type { SourceFile, Span } from "../syntax/source.js";

/*
 * A literal key in a policy file is an error, and the finding about it, or about anything else on its line, must not
 * carry the key into a CI log. This is told from the text alone, because a file that is not YAML has no tree.
 */

/** A key; it starts where a word does, so that a long word is looked at once. */
const KEY = /(?<![\w-])(["']?)([\w-]+)\1[ \t]*:(?=\s|$)[ \t]*/g;
/** Words in the name of a key whose value is a secret unless it is a reference. */
const SECRET_WORD = /api[-_]?key|secret|passw(?:or)?d|token/i;
const CREDENTIALS = /(["']?)credentials?\1[ \t]*:(?=\s)(?!\s+(?:true|false)\b)/gi;
const NAMED_PARTS = /^(?:listeners|services|consumers|policies):[ \t]*(?:#.*)?(?:\n[ \t]*(?:#.*)?)*\n( +)(?=[^\s#])/gm;
const REFERENCE = /^["']?(?:env:[A-Za-z_][A-Za-z0-9_]*|sha256:[0-9a-fA-F]{64}|mounted:\/[^\s"']*)["']?$/;

/** The dash of an item, the `#` of a comment, the header of a block. */
const SIGN = /^(?:-|#|[|>][-+0-9]{0,2})$/;

interface Range {
  start: number;
  end: number;
}

/** The places in a file that may hold a secret, ascending; they do not overlap. */
export function secretsIn(source: SourceFile): Span[] {
  const { text } = source;
  const keys = secretKeys(text);
  const ranges = [
    ...keyedValues(text, keys).flatMap((range) => values(text, range, isNextKey)),
    ...credentials(text).flatMap((range) => values(text, range, isKey)),
    ...keyedMappings(text, keys).flatMap((range) => wordsOf(text, range)),
    ...comparedValues(text),
    ...privateKeys(text),
    ...privateMembers(text),
  ];
  ranges.sort((a, b) => a.start - b.start || b.end - a.end);
  const kept: Span[] = [];
  for (const range of ranges) if (range.start >= (kept.at(-1)?.end ?? 0)) kept.push({ source, ...range });
  return kept;
}

/** RFC 7468. One that does not end may be all that follows. */
const PRIVATE_KEY = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----([\s\S]*?)(?:-----END|$(?![\s\S]))/dg;

function privateKeys(text: string): Range[] {
  return [...text.matchAll(PRIVATE_KEY)].flatMap(({ indices }) => {
    const [start, end] = indices?.[1] ?? [];
    return start === undefined || end === undefined ? [] : wordsOf(text, { start, end });
  });
}

/** Members of a JSON Web Key that only its owner may know (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1): long texts of base64url. */
const PRIVATE_MEMBER = /(?<![\w-])(["']?)(?:d|p|q|dp|dq|qi|k)\1[ \t]*:[ \t]*["']?([\w-]{16,})/dg;

function privateMembers(text: string): Range[] {
  if (!text.includes("kty")) return [];
  return [...text.matchAll(PRIVATE_MEMBER)].flatMap(({ indices }) => {
    const [start, end] = indices?.[2] ?? [];
    return start === undefined || end === undefined ? [] : [{ start, end }];
  });
}

/** What carries credentials, in an expression: `request.headers["x-api-key"]`, in whatever quotes YAML asks for. */
const CARRIER = String.raw`request\.(?:headers|cookies)\[\s{0,9}(?:\\?"|'{1,2})[\w.-]{0,64}?(?:auth|cookie|credential|jwt|key|passw|secret|session|sid|signature|token)[\w.-]{0,64}(?:\\?"|'{1,2})\s{0,9}\]`;
const QUOTE = String.raw`(?:\\?"|'{1,2})`;
const COMPARED = new RegExp(
  String.raw`${CARRIER}\s{0,99}(?:[=!]={1,2}|=)\s{0,99}${QUOTE}([^"'\\\n]+)|${CARRIER}\s{0,99}in\s{0,99}\[([^\]\n]+)\]|${QUOTE}([^"'\\\n]+)${QUOTE}\s{0,99}(?:[=!]={1,2}|=)\s{0,99}${CARRIER}`,
  "dgi",
);

/** Literals that an expression compares with a credential. */
function comparedValues(text: string): Range[] {
  if (!text.includes("request.")) return [];
  return [...text.matchAll(COMPARED)].flatMap(({ indices }) => {
    const [start, end] = indices?.slice(1).find((range) => range !== undefined) ?? [];
    return start === undefined || end === undefined ? [] : [{ start, end }];
  });
}

/** The key of a secret: from its first character to where its value begins. */
interface Key extends Range {
  readonly lineStart: number;
  /** A bracket is open, or was, before it on its line. */
  readonly isInFlow: boolean;
}

function secretKeys(text: string): Key[] {
  const keys: Key[] = [];
  let lineStart = 0;
  let isInFlow = false;
  let seen = 0;
  for (const match of text.matchAll(KEY)) {
    if (!SECRET_WORD.test(match[2] ?? "")) continue;
    const between = text.slice(seen, match.index);
    const lineBreak = between.lastIndexOf("\n");
    if (lineBreak >= 0) lineStart = seen + lineBreak + 1;
    isInFlow = (isInFlow && lineBreak < 0) || /[[{]/.test(between.slice(lineBreak + 1));
    seen = match.index;
    keys.push({ start: match.index, end: match.index + match[0].length, lineStart, isInFlow });
  }
  return keys;
}

/** Values behind such a key, on its line and on the lines that belong to it; outermost ones. */
function keyedValues(text: string, keys: readonly Key[]): Range[] {
  const found: Range[] = [];
  for (const key of keys) {
    const start = key.end;
    // A mapping says where a credential is (`apiKey: { header: x-api-key }`); its own keys tell what is secret.
    if (start < (found.at(-1)?.end ?? 0) || text[start] === "{" || startsBody(text, start)) continue;
    const [word = ""] = /^[^\s,[\]{}]+/.exec(text.slice(start, start + 256)) ?? [];
    if (REFERENCE.test(word)) continue;
    found.push({ start, end: key.isInFlow ? valueEnd(text, start) : bodyEnd(text, key) });
  }
  return found;
}

/** Mappings behind such a key, in braces or indented below it; outermost ones. */
function keyedMappings(text: string, keys: readonly Key[]): Range[] {
  const named = namedParts(text);
  const mappings: Range[] = [];
  for (const key of keys) {
    if (key.end < (mappings.at(-1)?.end ?? 0)) continue;
    const isBody = startsBody(text, key.end);
    if ((text[key.end] !== "{" && !isBody) || isName(key, named)) continue;
    mappings.push({ start: key.end, end: isBody ? bodyEnd(text, key) : closing(text, key.end) });
  }
  return mappings;
}

/** Whether a value begins on the next line: nothing is here, or a comment, or the header of a block. */
function startsBody(text: string, start: number): boolean {
  return start >= text.length || /[\r\n#|>]/.test(text[start] ?? "");
}

/** The end of the last line that is indented deeper than a key, or that is no entry beside it. */
function bodyEnd(text: string, { start, lineStart }: Key): number {
  const column = start - lineStart;
  const indent = /^[ \t]*/.exec(text.slice(lineStart, start))?.[0].length ?? 0;
  let end = lineEnd(text, start);
  while (end < text.length) {
    const next = lineEnd(text, end + 1);
    const below = text.slice(end + 1, next);
    const depth = below.search(/\S/);
    if (depth >= 0 && depth <= column && (depth <= indent || /:(?:\s|$)/.test(below))) break;
    end = next;
  }
  return end;
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

function isName({ start, lineStart }: Key, parts: readonly NamedParts[]): boolean {
  const part = parts[before(parts, start + 1) - 1];
  return part !== undefined && start < part.end && start - lineStart === part.indent;
}

/** What stands under `credentials`: in brackets, or in the lines that are indented below it. */
function credentials(text: string): Range[] {
  const ranges: Range[] = [];
  for (const match of text.matchAll(CREDENTIALS)) {
    const start = match.index + match[0].length;
    if (start < (ranges.at(-1)?.end ?? 0)) continue;
    const opening = text.slice(start, lineEnd(text, start)).trimStart()[0];
    const end = opening === "[" || opening === "{" ? closing(text, start) : blockEnd(text, match.index);
    ranges.push({ start, end });
  }
  return ranges;
}

/** The end of the line, or of the mapping in braces; a comma may belong to the secret. */
function valueEnd(text: string, start: number): number {
  const end = lineEnd(text, start);
  const brace = text.slice(start, end).indexOf("}");
  return brace < 0 ? end : start + brace;
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

/** How many of ascending ranges start before a place. */
export function before(ranges: readonly { readonly start: number }[], place: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.start ?? place) < place) low = middle + 1;
    else high = middle;
  }
  return low;
}

type IsKey = (word: string, text: string, start: number) => boolean;

const isKey: IsKey = (word) => word.endsWith(":");

/** Behind a secret key, a word with a colon belongs to the secret, unless a comma says that another entry begins. */
const isNextKey: IsKey = (word, text, start) =>
  word.endsWith(":") && /[,{[]\s{0,64}$/.test(text.slice(Math.max(start - 65, 0), start));

/** Words in a range that are neither keys nor references, nor in the comment behind a reference. */
function values(text: string, range: Range, isKeyAt: IsKey): Range[] {
  let isAfterReference = false;
  let commentEnd = 0;
  return [...text.slice(range.start, range.end).matchAll(/[^\s,[\]{}]+/g)].flatMap((match) => {
    const [word] = match;
    const start = range.start + match.index;
    if (start < commentEnd) return [];
    if (isAfterReference && word.startsWith("#")) commentEnd = lineEnd(text, start);
    isAfterReference = REFERENCE.test(word);
    if (isAfterReference || commentEnd > start || isKeyAt(word, text, start) || SIGN.test(word)) return [];
    return [{ start, end: start + word.replace(/:$/, "").length }];
  });
}

/** Words in braces: any may be the secret, also a key, but not `header:` and the name of the header behind it, nor those of a parameter and a cookie. */
function wordsOf(text: string, range: Range): Range[] {
  let isName = false;
  return [...text.slice(range.start, range.end).matchAll(/[^\s,[\]{}]+/g)].flatMap((match) => {
    const [word] = match;
    const isPlace = /^(["']?)(?:header|query|cookie)\1:$/.test(word);
    const kept = isPlace || isName || SIGN.test(word) || REFERENCE.test(word);
    isName = isPlace;
    const start = range.start + match.index;
    return kept ? [] : [{ start, end: start + word.replace(/:$/, "").length }];
  });
}
