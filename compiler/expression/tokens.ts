/** A piece of an expression as it is written: a string with its quotes, a word, or one sign. */
export interface Token {
  readonly kind: "string" | "word" | "sign";
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const CURLY: Readonly<Record<string, string>> = { "\u2018": "\u2019", "\u201c": "\u201d" };

/**
 * Strings as CEL writes them, the curly ones of a word processor, comments and space, words, and signs of one character or of
 * several that belong together.
 */
const TOKEN =
  /(?<string>(?:[rR]?[bB]?|[bB][rR])(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*')|\u201c[^\u201c\u201d]*\u201d|\u2018[^\u2018\u2019]*\u2019)|\/\/[^\n]*|\s+|(?<word>[A-Za-z_][A-Za-z0-9_]*|[0-9][A-Za-z0-9_.]*)|(?<sign>===|!==|==|!=|<=|>=|<>|&&|\|\||[\s\S])/gu;

/** The tokens of an expression in order, also of one that does not follow the grammar. */
export function tokensOf(text: string): Token[] {
  return [...text.matchAll(TOKEN)].flatMap((match) => {
    const kind = match.groups?.string !== undefined ? "string" : match.groups?.word !== undefined ? "word" : "sign";
    if (kind === "sign" && match.groups?.sign === undefined) return [];
    return { kind, text: match[0], start: match.index, end: match.index + match[0].length };
  });
}

/** True of a string in curly quotes. */
export function isCurly({ kind, text }: Token): boolean {
  return kind === "string" && CURLY[text.charAt(0)] !== undefined;
}
