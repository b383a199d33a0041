import {
  COLLECTION_STYLE,
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  YAMLException,
} from "js-yaml";
import { type Diagnostic, diagnose, sortDiagnostics } from "../diagnostics/diagnostic.js";
import type { Entry, ListNode, MapNode, Node, ScalarNode } from "./node.js";
import { offsetInScalar, resolvePlain } from "./scalar.js";
import { keyType, numberFinding, quoted } from "./scalar-findings.js";
import type { SourceFile, Span } from "./source.js";
import { DEPTH_LIMIT, PARSER_DEPTH, syntaxError, tooDeep } from "./syntax-error.js";
import {
  checkDirectives,
  checkText,
  Findings,
  forbiddenIn,
  nameOf,
  shown,
  skipBlank,
  startOfLine,
  trimmedEnd,
} from "./text.js";

export * from "./node.js";
export { offsetInScalar, offsetsInScalar } from "./scalar.js";

const FINDINGS_LIMIT = 100;

/** What stands before a node; an item of `[…]` has nothing of its own. */
type Role = "root" | "item" | "key" | "value";
const SIGNS = { item: "-", key: "?", value: ":" } as const;

type ScalarEvent = Extract<Event, { type: typeof EVENT_ID.SCALAR }>;
type MappingEvent = Extract<Event, { type: typeof EVENT_ID.MAPPING }>;
type SequenceEvent = Extract<Event, { type: typeof EVENT_ID.SEQUENCE }>;
type Properties = Pick<ScalarEvent, "anchorStart" | "anchorEnd" | "tagStart" | "tagEnd">;

/**
 * Reads a file as YAML 1.2 of the core schema, without what hides a value from its reader: anchors, aliases, tags,
 * merge keys, several documents.
 *
 * @returns all findings in the order of the file, or only the first error of syntax. There is no root when the value
 *   of some node is not known, so what comes after may rely on every value; a key that was refused is left out.
 */
export function readDocument(source: SourceFile): { root?: Node; diagnostics: Diagnostic[] } {
  const refused = checkText(source);
  if (refused.count > 0) return { diagnostics: limited(refused) };
  const cut = thirdDocument(source.text);
  const events = parse(source, cut);
  if (!Array.isArray(events)) return { diagnostics: [events] };
  const composer = new Composer(source, events);
  for (const finding of checkDirectives(source)) composer.findings.add(finding);
  const root = composer.document(cut);
  const diagnostics = limited(composer.findings);
  return root === undefined ? { diagnostics } : { root, diagnostics };
}

function limited({ first, count }: Findings): Diagnostic[] {
  const sorted = sortDiagnostics(first);
  const next = sorted[FINDINGS_LIMIT];
  if (next === undefined) return sorted;
  const rest = diagnose("SL0018", { limit: FINDINGS_LIMIT, count: count - FINDINGS_LIMIT }, next.span);
  return [...sorted.slice(0, FINDINGS_LIMIT), rest];
}

/** Where the third line `---` stands: what comes after it is not read, for a second document is one too many. */
function thirdDocument(text: string): number {
  const pattern = /(?:^|[\r\n])---(?=[ \t\r\n]|$)/g;
  let end = text.length;
  for (let count = 0; count < 3; count++) {
    const found = pattern.exec(text);
    if (found === null) return text.length;
    end = found.index + found[0].length - 3;
  }
  return end;
}

function parse(source: SourceFile, end: number): Event[] | Diagnostic {
  try {
    return parseEvents(source.text.slice(0, end), { maxDepth: PARSER_DEPTH });
  } catch (error) {
    if (error instanceof YAMLException) return syntaxError(source, error.reason, error.mark?.position ?? 0);
    throw error;
  }
}

/** Builds nodes from the events of the parser, which give the start of a collection but not its end. */
class Composer {
  readonly findings = new Findings();
  private readonly source: SourceFile;
  private readonly text: string;
  private readonly events: readonly Event[];
  private next = 0;
  /** Where the token read last ends. */
  private end = 0;
  private everyValueIsKnown = true;
  private depth = 0;

  constructor(source: SourceFile, events: readonly Event[]) {
    this.source = source;
    this.text = source.text;
    this.events = events;
  }

  /** @param end of what was parsed; beyond it there are more documents */
  document(end: number): Node | undefined {
    const [opening, first] = this.events;
    if (opening?.type !== EVENT_ID.DOCUMENT) return this.empty();
    if (opening.explicitStart) this.end = this.marker(0).end;
    this.next = 1;
    const root = this.node("root");
    const second = this.events[this.next + 1];
    if (second !== undefined || end < this.text.length) {
      this.findings.add(diagnose("SL0004", {}, this.marker(this.end)));
      return undefined;
    }
    if (first?.type === EVENT_ID.SCALAR && root.span.start === root.span.end && this.findings.count === 0)
      return this.empty();
    return this.everyValueIsKnown ? root : undefined;
  }

  private empty(): undefined {
    this.findings.add(diagnose("SL0003", {}, this.span(0, 0)));
  }

  /** The next line `---`, or `...` where a second document has no line of its own. */
  private marker(from: number): Span {
    const pattern = /^\uFEFF?(---|\.\.\.)(?![^ \t\r\n])/gm;
    pattern.lastIndex = from;
    let found = pattern.exec(this.text);
    const first = found;
    while (found !== null && found[1] !== "---") found = pattern.exec(this.text);
    const chosen = found ?? first;
    if (chosen === null) return this.span(from, from);
    const end = chosen.index + chosen[0].length;
    return this.span(end - 3, end);
  }

  private node(role: Role): Node {
    const event = this.events[this.next++];
    switch (event?.type) {
      case EVENT_ID.SCALAR:
        this.properties(event);
        return event.valueStart < 0 ? this.absent(role) : this.scalar(event, role);
      case EVENT_ID.SEQUENCE:
        return this.nested(event.start, () => this.list(event));
      case EVENT_ID.MAPPING:
        return this.nested(event.start, () => this.map(event));
      case EVENT_ID.ALIAS: {
        const span = this.span(event.anchorStart - 1, event.anchorEnd);
        this.end = span.end;
        const name = this.text.slice(event.anchorStart, event.anchorEnd);
        this.refuseValue(diagnose("SL0008", { name: shown(name) }, span));
        return { kind: "scalar", value: null, raw: "", style: "plain", span };
      }
      case EVENT_ID.DOCUMENT:
      case EVENT_ID.POP:
      case undefined:
        return this.absent(role);
    }
  }

  private nested(start: number, read: () => Node): Node {
    this.depth++;
    if (this.depth === DEPTH_LIMIT + 1) this.refuseValue(tooDeep(this.source, start));
    const node = read();
    this.depth--;
    return node;
  }

  private list(event: SequenceEvent): ListNode {
    this.properties(event);
    this.end = event.start;
    const isFlow = this.open("[");
    const items: Node[] = [];
    while (this.hasMore()) items.push(this.node(isFlow ? "root" : "item"));
    if (isFlow) this.close("]");
    return { kind: "list", items, span: this.span(event.start, this.end) };
  }

  private map(event: MappingEvent): MapNode {
    this.properties(event);
    this.end = event.start;
    const isFlow = event.style === COLLECTION_STYLE.FLOW && !this.isPair(event) && this.open("{");
    const entries: Entry[] = [];
    const keys = new Map<string, ScalarNode>();
    while (this.hasMore()) {
      const isAlias = this.events[this.next]?.type === EVENT_ID.ALIAS;
      const node = this.node("key");
      const key = isAlias ? undefined : this.key(node, keys);
      const value = this.node("value");
      if (key !== undefined) entries.push({ key, value });
    }
    if (isFlow) this.close("}");
    return { kind: "map", entries, span: this.span(event.start, this.end) };
  }

  private hasMore(): boolean {
    const event = this.events[this.next];
    if (event !== undefined && event.type !== EVENT_ID.POP) return true;
    this.next++;
    return false;
  }

  /** `[{ a: b }: c]`: a mapping of one entry without braces of its own, whose key begins with a brace. */
  private isPair(event: MappingEvent): boolean {
    const key = this.events[this.next];
    return (key?.type === EVENT_ID.MAPPING || key?.type === EVENT_ID.SEQUENCE) && key.start === event.start;
  }

  private open(bracket: "[" | "{"): boolean {
    const isFlow = this.text[this.end] === bracket;
    if (isFlow) this.end++;
    return isFlow;
  }

  private close(bracket: "]" | "}"): void {
    let at = skipBlank(this.text, this.end);
    while (this.text[at] === ",") at = skipBlank(this.text, at + 1);
    if (this.text[at] === bracket) this.end = at + 1;
  }

  /** The node as a key; undefined if a mapping of ours cannot have it. */
  private key(node: Node, keys: Map<string, ScalarNode>): ScalarNode | undefined {
    if (node.kind !== "scalar") {
      this.findings.add(diagnose("SL0012", { what: node.kind === "list" ? "a list" : "a mapping" }, node.span));
      return undefined;
    }
    const { value, span } = node;
    if (node.style === "plain" && value === "<<") {
      this.refuseValue(diagnose("SL0011", {}, span));
      return undefined;
    }
    const type = keyType(node);
    if (typeof value !== "string" || type !== "text") {
      this.findings.add(diagnose("SL0013", { type }, span, node.raw === "" ? {} : { fix: quoted(node, "key") }));
      return undefined;
    }
    if (value === "__proto__") {
      this.refuseValue(diagnose("SL0019", { key: value }, span));
      return undefined;
    }
    const first = keys.get(value);
    if (first === undefined) keys.set(value, node);
    else {
      const related = [{ message: "first defined here", span: first.span }];
      this.findings.add(diagnose("SL0010", { key: shown(value) }, span, { related }));
    }
    return first === undefined ? node : undefined;
  }

  private scalar(event: ScalarEvent, role: Role): ScalarNode {
    const [style, span] = this.extent(event);
    this.end = span.end;
    const decoded = getScalarValue(this.text, event);
    const plain = style === "plain" ? resolvePlain(decoded) : { value: decoded };
    const raw = this.text.slice(span.start, span.end);
    const node: ScalarNode = { kind: "scalar", value: plain.value, raw, style, span };
    if (plain.concern !== undefined && role !== "key") this.refuseValue(numberFinding(node, plain.concern));
    const bad = style === "quoted" ? forbiddenIn(decoded) : -1;
    if (bad >= 0) {
      const place = this.span(offsetInScalar(node, bad), offsetInScalar(node, bad + 1));
      this.findings.add(diagnose("SL0014", { character: nameOf(decoded.charCodeAt(bad)) }, place));
    }
    return node;
  }

  private extent(event: ScalarEvent): [ScalarNode["style"], Span] {
    const { valueStart, valueEnd } = event;
    switch (event.style) {
      case SCALAR_STYLE.PLAIN:
        return ["plain", this.span(valueStart, valueEnd)];
      case SCALAR_STYLE.SINGLE_QUOTED:
      case SCALAR_STYLE.DOUBLE_QUOTED:
        return ["quoted", this.span(valueStart - 1, valueEnd + 1)];
      case SCALAR_STYLE.LITERAL_BLOCK:
      case SCALAR_STYLE.FOLDED_BLOCK: {
        const isLiteral = event.style === SCALAR_STYLE.LITERAL_BLOCK;
        const header = this.header(isLiteral ? "|" : ">", valueStart);
        return ["block", this.span(header, trimmedEnd(this.text, header, valueEnd))];
      }
    }
  }

  /** The `|` or `>` of a block stands in the line before its text, after all that was read before. */
  private header(indicator: "|" | ">", valueStart: number): number {
    const lineEnd = /\r\n$/.test(this.text.slice(valueStart - 2, valueStart)) ? valueStart - 2 : valueStart - 1;
    const lineStart = startOfLine(this.text, Math.max(lineEnd, 0));
    const found = this.text.indexOf(indicator, Math.max(lineStart, this.end));
    return found < 0 || found > valueStart ? valueStart : found;
  }

  /** A value that is not there, at the place where it would begin. */
  private absent(role: Role): ScalarNode {
    const at = skipBlank(this.text, this.end);
    if (role !== "root" && this.text[at] === SIGNS[role]) this.end = at + 1;
    return { kind: "scalar", value: null, raw: "", style: "plain", span: this.span(this.end, this.end) };
  }

  private properties(event: Properties): void {
    const { anchorStart, anchorEnd, tagStart, tagEnd } = event;
    if (anchorStart >= 0) {
      const name = shown(this.text.slice(anchorStart, anchorEnd));
      this.findings.add(diagnose("SL0007", { name }, this.span(anchorStart - 1, anchorEnd)));
    }
    if (tagStart >= 0) {
      const tag = shown(this.text.slice(tagStart, tagEnd));
      this.refuseValue(diagnose("SL0009", { tag }, this.span(tagStart, tagEnd)));
    }
    this.end = Math.max(this.end, anchorEnd, tagEnd);
  }

  private refuseValue(finding: Diagnostic): void {
    this.findings.add(finding);
    this.everyValueIsKnown = false;
  }

  private span(start: number, end: number): Span {
    return { source: this.source, start, end };
  }
}
