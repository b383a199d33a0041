/** A text with a name, and places in it. Offsets are UTF-16 code units, as in a JavaScript string. */
export class SourceFile {
  /** As the user named it (relative to the working directory), with `/` as separator. */
  readonly path: string;
  readonly text: string;
  /** Offset of the first character of each line, ascending; a byte order mark belongs to no line, for nobody sees it. */
  private lineStarts: number[] | undefined;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  /** One-based line and column of an offset; an offset past the end gives the end. */
  position(offset: number): Position {
    const starts = this.lines();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: Math.max(offset - (starts[low] ?? 0), 0) + 1 };
  }

  /** Text of a one-based line without its line break. */
  line(number: number): string {
    const starts = this.lines();
    const start = starts[number - 1];
    if (start === undefined) return "";
    return this.text.slice(start, this.withoutBreak(start, starts[number] ?? this.text.length));
  }

  /** Where the line of an offset starts, and where it ends without its line break. */
  lineAround(offset: number): { start: number; end: number } {
    const starts = this.lines();
    const { line } = this.position(offset);
    const start = starts[line - 1] ?? 0;
    return { start, end: this.withoutBreak(start, starts[line] ?? this.text.length) };
  }

  get lineCount(): number {
    return this.lines().length;
  }

  private withoutBreak(start: number, end: number): number {
    let at = end;
    if (at > start && this.text[at - 1] === "\n") at--;
    if (at > start && this.text[at - 1] === "\r") at--;
    return at;
  }

  private lines(): number[] {
    if (this.lineStarts === undefined) {
      const starts = [this.text.startsWith("\ufeff") ? 1 : 0];
      for (let i = 0; i < this.text.length; i++) {
        const code = this.text.charCodeAt(i);
        if (code === 10 || (code === 13 && this.text.charCodeAt(i + 1) !== 10)) starts.push(i + 1);
      }
      this.lineStarts = starts;
    }
    return this.lineStarts;
  }
}

export interface Position {
  line: number;
  column: number;
}

/** The half-open range [start, end) of a source file. */
export interface Span {
  source: SourceFile;
  start: number;
  end: number;
}

/** `file:line:column`, as printed before a finding. */
export function formatSpan(span: Span): string {
  const { line, column } = span.source.position(span.start);
  return `${span.source.path}:${line}:${column}`;
}
