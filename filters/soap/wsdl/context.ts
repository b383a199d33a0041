import { type Diagnostic, diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import { nearest } from "../../../compiler/diagnostics/suggest.js";
import type { Span } from "../../../compiler/syntax/source.js";
import type { ComplexType, SimpleType } from "../model.js";
import { adopt, type ComponentKind, Components } from "./components.js";
import type { Documents, SchemaDocument } from "./files.js";
import { attributeOf, type QName, readName } from "./names.js";
import { Patterns } from "./pattern-check.js";
import type { XmlAttribute, XmlElement } from "./xml.js";

/** Where a component stands: what its references mean, and what anonymous types in it are called. */
export interface Scope {
  readonly schema: SchemaDocument;
  /** Beginning of the ids of the anonymous types in it. */
  readonly owner: string;
}

/** A complex type that something refers to. */
export interface Definition {
  readonly id: string;
  /** Absent for an anonymous one. */
  readonly name?: string;
  readonly node: XmlElement;
  readonly schema: SchemaDocument;
}

/** Elements and attributes of all types together, each counted where it is flattened into. */
const MOST_MEMBERS = 200_000;
/** Steps from a type to what it is made of. */
export const MOST_STEPS = 64;

/** What is known while schemas are turned into types. */
export class SchemaContext {
  readonly components: Components;
  readonly types = new Map<string, ComplexType>();
  readonly simpleTypes = new Map<string, SimpleType>();
  /** Complex types in the order in which they were reached; those behind the last one in `types` are still to be read. */
  readonly wanted = new Map<string, Definition>();
  readonly patterns = new Patterns();
  /** Ids of what is being read, so that a circle is seen. */
  readonly reading = new Set<string>();
  readonly report: (finding: Diagnostic) => void;
  private left = MOST_MEMBERS;

  private readonly unread: ReadonlyMap<string, Diagnostic>;

  constructor({ schemas, unread }: Pick<Documents, "schemas" | "unread">, report: (finding: Diagnostic) => void) {
    this.components = new Components(schemas, report);
    this.unread = unread;
    this.report = report;
  }

  /** Reports that there is no component of a name, or that its namespace was not read. */
  unknown(kind: ComponentKind, name: QName, span: Span, what: string = kind): void {
    const known = this.components.names(kind, name.namespace);
    this.report(this.unread.get(name.namespace) ?? unknownName(what, name, known, span));
  }

  /** Counts members of a type; false, with a finding, if all types together have too many. */
  spend(members: number, span: Span): boolean {
    this.left -= members;
    if (this.left >= 0) return true;
    this.report(diagnose("SL1138", { what: "all types together", limit: `${MOST_MEMBERS} members` }, span));
    return false;
  }

  /** Asks for a complex type. */
  want(definition: Definition): { complex: string } {
    if (!this.wanted.has(definition.id)) this.wanted.set(definition.id, definition);
    return { complex: definition.id };
  }

  /** The name that an attribute refers to; undefined, with a finding, if its prefix is not declared. */
  reference(node: XmlElement, attribute: XmlAttribute, { schema }: Pick<Scope, "schema">): QName | undefined {
    return this.nameIn(node, attribute.value, attribute.span, schema);
  }

  nameIn(node: XmlElement, text: string, span: Span, schema: SchemaDocument): QName | undefined {
    const name = readName(node, text);
    if (name === undefined) {
      this.report(diagnose("SL1143", { name: text.trim() }, span));
      return undefined;
    }
    return adopt(name, schema);
  }

  unexpected(node: XmlElement, where: string): void {
    this.report(diagnose("SL1136", { element: node.local, where }, node.span));
  }

  /** The value of an attribute that is `true` or `1`; anything but a truth value is reported. */
  isTrue(node: XmlElement, name: string): boolean {
    const attribute = attributeOf(node, name);
    const value = attribute?.value.trim();
    if (attribute !== undefined && !/^(true|false|0|1)$/.test(value ?? ""))
      this.badValue(attribute, "`true` or `false`");
    return value === "true" || value === "1";
  }

  badValue(attribute: XmlAttribute, expected: string): void {
    const { name, value, span } = attribute;
    this.report(diagnose("SL1140", { attribute: name, value, expected }, span));
  }
}

/** The finding of a name that nothing has. */
export function unknownName(what: string, name: QName, known: readonly string[], span: Span): Diagnostic {
  const near = nearest(name.local, known);
  const hint = near === undefined ? "" : `; did you mean \`${near}\`?`;
  const where = name.namespace === "" ? "without a namespace" : `in \`${name.namespace}\``;
  return diagnose("SL1111", { what, name: name.local, where, hint }, span);
}
