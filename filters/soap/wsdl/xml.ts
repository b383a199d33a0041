import { SaxesParser, type SaxesTagNS } from "saxes";
import { type Diagnostic, diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import type { SourceFile, Span } from "../../../compiler/syntax/source.js";

/** An element of a file, with its place. Names are resolved; text is kept of documentation only. */
export interface XmlElement {
  readonly local: string;
  /** Empty for none. */
  readonly namespace: string;
  readonly parent: XmlElement | undefined;
  /** By local name, or by `{namespace}name` for those that have a namespace. */
  readonly attributes: ReadonlyMap<string, XmlAttribute>;
  /** Namespaces that this element declares, by prefix; the default one has an empty prefix. */
  readonly declared: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Of `documentation` all text in it, that of its children too. */
  readonly text: string;
  /** Its name in the start tag. */
  readonly span: Span;
}

export interface XmlAttribute {
  readonly name: string;
  readonly value: string;
  /** The value without quotes. */
  readonly span: Span;
}

/** Characters of one file. */
const MOST_CHARACTERS = 4 * 1024 * 1024;
/** Elements in one another. All that walks a tree of elements may recurse because of it. */
const MOST_LEVELS = 128;
const MOST_ELEMENTS = 200_000;
/** So many characters are parsed between two looks at the limits. */
const STEP = 8_192;

/** Reads an XML file without a document type; reports the first thing that is wrong with it. */
export function readXml(source: SourceFile, report: (finding: Diagnostic) => void): XmlElement | undefined {
  if (source.text.length > MOST_CHARACTERS) {
    report(tooMuch("characters", MOST_CHARACTERS, { source, start: 0, end: 0 }));
    return undefined;
  }
  const tree = new Tree(source);
  const parser = tree.parser();
  for (let at = 0; at < source.text.length && tree.problem === undefined; at += STEP)
    parser.write(source.text.slice(at, at + STEP));
  if (tree.problem === undefined) parser.close();
  if (tree.problem !== undefined) report(tree.problem);
  return tree.problem === undefined ? tree.root : undefined;
}

interface Open extends XmlElement {
  readonly children: XmlElement[];
  text: string;
}

/** What has been read of a file so far. */
class Tree {
  root: XmlElement | undefined;
  problem: Diagnostic | undefined;
  private readonly source: SourceFile;
  private readonly open: Open[] = [];
  private attributes = new Map<string, Span>();
  private count = 0;

  constructor(source: SourceFile) {
    this.source = source;
  }

  parser(): SaxesParser<{ xmlns: true }> {
    const parser = new SaxesParser({ xmlns: true });
    parser.on("error", (error) => this.fail(notXml(reasonOf(error), this.spanAt(parser.position))));
    parser.on("doctype", () => {
      const start = this.source.text.lastIndexOf("<!DOCTYPE", parser.position);
      this.fail(diagnose("SL1102", {}, this.span(start, start + "<!DOCTYPE".length)));
    });
    parser.on("xmldecl", ({ encoding }) => this.checkEncoding(encoding, parser.position));
    parser.on("attribute", ({ name }) => this.attributes.set(name, this.valueBefore(parser.position)));
    parser.on("opentag", (tag) => this.begin(tag, parser.position));
    parser.on("closetag", () => this.open.pop());
    parser.on("text", (text) => this.addText(text));
    parser.on("cdata", (text) => this.addText(text));
    return parser;
  }

  private fail(problem: Diagnostic): void {
    this.problem ??= problem;
  }

  private span(start: number, end: number): Span {
    return { source: this.source, start: Math.max(start, 0), end: Math.max(end, 0) };
  }

  private spanAt(position: number): Span {
    const start = Math.min(Math.max(position - 1, 0), Math.max(this.source.text.length - 1, 0));
    return this.span(start, start + 1);
  }

  /** The text was read as UTF-8; of another encoding it would be another text. */
  private checkEncoding(encoding: string | undefined, position: number): void {
    if (encoding === undefined || /^(utf-?8|us-ascii)$/i.test(encoding)) return;
    const ascii = /^[\t\n\r -~]*$/.test(this.source.text.replace(/^\ufeff/, ""));
    if (!ascii) this.fail(notXml(`it is said to be ${encoding}, and must be UTF-8`, this.spanAt(position)));
  }

  /** @param position behind the closing quote of an attribute */
  private valueBefore(position: number): Span {
    const end = position - 1;
    const quote = this.source.text[end] ?? '"';
    return this.span(this.source.text.lastIndexOf(quote, end - 1) + 1, end);
  }

  private begin(tag: SaxesTagNS, position: number): void {
    const parent = this.open.at(-1);
    const start = this.source.text.lastIndexOf(`<${tag.name}`, position - 1) + 1;
    const element: Open = {
      local: tag.local,
      namespace: tag.uri,
      parent,
      attributes: this.attributesOf(tag),
      declared: new Map(Object.entries(tag.ns ?? {})),
      children: [],
      text: "",
      span: this.span(start, start + tag.name.length),
    };
    this.attributes = new Map();
    if (parent === undefined) this.root ??= element;
    else parent.children.push(element);
    this.open.push(element);
    this.count++;
    if (this.open.length > MOST_LEVELS) this.fail(tooMuch("elements in one another", MOST_LEVELS, element.span));
    if (this.count > MOST_ELEMENTS) this.fail(tooMuch("elements", MOST_ELEMENTS, element.span));
  }

  private attributesOf(tag: SaxesTagNS): Map<string, XmlAttribute> {
    const known = new Map<string, XmlAttribute>();
    for (const { name, prefix, local, uri, value } of Object.values(tag.attributes)) {
      if (prefix === "xmlns" || name === "xmlns") continue;
      const span = this.attributes.get(name) ?? this.span(0, 0);
      known.set(uri === "" ? local : `{${uri}}${local}`, { name, value, span });
    }
    return known;
  }

  private addText(text: string): void {
    const element = this.open.find(({ local }) => local === "documentation");
    if (element !== undefined) element.text += text;
  }
}

function reasonOf(error: Error): string {
  return error.message.replace(/^\d+:\d+: /, "").replace(/\.$/, "");
}

function notXml(reason: string, span: Span): Diagnostic {
  return diagnose("SL1101", { reason }, span);
}

function tooMuch(what: string, limit: number, span: Span): Diagnostic {
  return diagnose("SL1103", { what, limit }, span);
}
