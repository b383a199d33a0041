/** A piece of TypeScript or AssemblyScript. White space and comments are no tokens. */
export interface Token {
  /** `text` is a string literal or a part of a template, without its quotes. */
  readonly kind: "word" | "number" | "text" | "regex" | "sign";
  readonly value: string;
  /** One-based. */
  readonly line: number;
  /** True if nothing stands between this token and the one before. */
  readonly joined: boolean;
}

const GAP = /(?:^#![^\n]*|\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const WORD = /#?[\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
const NUMBER = /\.?\d[\w.]*/y;
const TEXT = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const TEMPLATE_PART = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;
const SIGN = /=>|[!=]==?|\.\.\.|\?\.|\?\?|&&|\|\||\+\+|--|[<>]=|[^\w\s"']/y;

/** Words after which a slash begins a regular expression, though they look like a name. */
const BEFORE_VALUE = new Set(["return", "typeof", "case", "in", "of", "void", "await", "yield", "throw", "else", "do"]);
const AFTER_VALUE = new Set([")", "]", "}", "++", "--"]);

/**
 * Splits a source into tokens. Knows enough for laws about words and imports; it is no parser.
 *
 * @throws Error with the line of a literal that does not end
 */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  /** Open braces within each template hole that is open, innermost last. */
  const holes: number[] = [];
  let at = 0;
  let line = 1;
  let joined = false;

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(source)?.[0];
    if (found === undefined || found === "") return undefined;
    at += found.length;
    return found;
  };
  const put = (kind: Token["kind"], value: string, raw: string): void => {
    tokens.push({ kind, value, line, joined });
    line += raw.split("\n").length - 1;
    joined = true;
  };
  const takeTemplatePart = (): void => {
    const part = take(TEMPLATE_PART);
    if (part === undefined) throw new Error(`line ${line}: the template does not end`);
    const opens = part.endsWith("${");
    put("text", part.slice(0, opens ? -2 : -1), part);
    if (!opens) return;
    put("sign", "${", "");
    holes.push(0);
  };
  const takeSign = (): void => {
    const sign = take(SIGN);
    if (sign === undefined) throw new Error(`line ${line}: cannot be read`);
    const depth = holes.at(-1);
    if (sign === "`") return takeTemplatePart();
    if (sign === "}" && depth === 0) {
      holes.pop();
      put("sign", sign, sign);
      return takeTemplatePart();
    }
    if (depth !== undefined && sign === "{") holes.splice(-1, 1, depth + 1);
    if (depth !== undefined && sign === "}") holes.splice(-1, 1, depth - 1);
    put("sign", sign, sign);
  };

  while (at < source.length) {
    const gap = take(GAP);
    if (gap !== undefined) {
      line += gap.split("\n").length - 1;
      joined = false;
      continue;
    }
    const word = take(WORD);
    const number = word === undefined ? take(NUMBER) : undefined;
    const text = word === undefined && number === undefined ? take(TEXT) : undefined;
    if (word !== undefined) put("word", word, word);
    else if (number !== undefined) put("number", number, number);
    else if (text !== undefined) put("text", text.slice(1, -1), text);
    else {
      const regex = beginsValue(tokens.at(-1)) ? take(REGEX) : undefined;
      if (regex !== undefined) put("regex", regex, regex);
      else takeSign();
    }
  }
  if (holes.length > 0) throw new Error(`line ${line}: the template does not end`);
  return tokens;
}

/** True if what follows the token is an operand, so that a slash there is not a division. */
function beginsValue(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === "word") return BEFORE_VALUE.has(before.value);
  return before.kind === "sign" && !AFTER_VALUE.has(before.value);
}
