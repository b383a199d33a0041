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
export function tokensOf(source: string): readonly Token[] {
  return new Reader(source).read();
}

class Reader {
  private readonly source: string;
  private readonly tokens: Token[] = [];
  /** Open braces within each template hole that is open, innermost last. */
  private readonly holes: number[] = [];
  private at = 0;
  private line = 1;
  private joined = false;

  constructor(source: string) {
    this.source = source;
  }

  read(): readonly Token[] {
    while (this.at < this.source.length) this.readOne();
    if (this.holes.length > 0) throw new Error(`line ${this.line}: the template does not end`);
    return this.tokens;
  }

  private readOne(): void {
    const gap = this.take(GAP);
    if (gap !== undefined) {
      this.countLines(gap);
      this.joined = false;
      return;
    }
    if (this.readAs("word", WORD) || this.readAs("number", NUMBER)) return;
    const text = this.take(TEXT);
    if (text !== undefined) this.put("text", text.slice(1, -1), text);
    else if (!(beginsValue(this.tokens.at(-1)) && this.readAs("regex", REGEX))) this.readSign();
  }

  private readAs(kind: "word" | "number" | "regex", pattern: RegExp): boolean {
    const found = this.take(pattern);
    if (found !== undefined) this.put(kind, found, found);
    return found !== undefined;
  }

  private readSign(): void {
    const sign = this.take(SIGN);
    if (sign === undefined) throw new Error(`line ${this.line}: cannot be read`);
    const depth = this.holes.at(-1);
    if (sign !== "`") this.put("sign", sign, sign);
    if (sign === "`") this.readTemplatePart();
    else if (sign === "{" && depth !== undefined) this.holes.splice(-1, 1, depth + 1);
    else if (sign === "}" && depth !== undefined) {
      this.holes.pop();
      if (depth > 0) this.holes.push(depth - 1);
      else this.readTemplatePart();
    }
  }

  /** The text up to a hole or to the end of the template. */
  private readTemplatePart(): void {
    const part = this.take(TEMPLATE_PART);
    if (part === undefined) throw new Error(`line ${this.line}: the template does not end`);
    const opens = part.endsWith("${");
    this.put("text", part.slice(0, opens ? -2 : -1), part);
    if (!opens) return;
    this.put("sign", "${", "");
    this.holes.push(0);
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source)?.[0];
    if (found === undefined || found === "") return undefined;
    this.at += found.length;
    return found;
  }

  private put(kind: Token["kind"], value: string, raw: string): void {
    this.tokens.push({ kind, value, line: this.line, joined: this.joined });
    this.countLines(raw);
    this.joined = true;
  }

  private countLines(text: string): void {
    this.line += text.split("\n").length - 1;
  }
}

/** True if what follows the token is an operand, so that a slash there is not a division. */
function beginsValue(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === "word") return BEFORE_VALUE.has(before.value);
  return before.kind === "sign" && !AFTER_VALUE.has(before.value);
}
