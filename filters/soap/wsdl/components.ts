import { type Diagnostic, diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import type { SchemaDocument } from "./files.js";
import { childrenOf, keyOf, localNames, type QName, readName, textOf, XSD } from "./names.js";
import type { XmlElement } from "./xml.js";

/** A global component of a schema. */
export interface Component {
  readonly node: XmlElement;
  readonly schema: SchemaDocument;
  readonly name: QName;
}

export type ComponentKind = "element" | "type" | "attribute" | "group" | "attributeGroup";

const KIND_OF: ReadonlyMap<string, ComponentKind> = new Map([
  ["element", "element"],
  ["complexType", "type"],
  ["simpleType", "type"],
  ["attribute", "attribute"],
  ["group", "group"],
  ["attributeGroup", "attributeGroup"],
]);

/** The global components of all schemas. Of a name that is defined twice the finding waits until somebody uses it. */
export class Components {
  private readonly known = new Map<string, Component[]>();
  /** Elements that may stand for another, and types that are derived from another, by the kind and name of the other. */
  private readonly others = new Map<string, string[]>();
  private readonly report: (finding: Diagnostic) => void;

  constructor(schemas: readonly SchemaDocument[], report: (finding: Diagnostic) => void) {
    this.report = report;
    for (const schema of schemas)
      for (const node of childrenOf(schema.root, XSD)) {
        const kind = KIND_OF.get(node.local);
        const local = textOf(node, "name");
        if (kind === undefined || local === undefined) continue;
        add(this.known, `${kind} ${keyOf({ namespace: schema.namespace, local })}`, {
          node,
          schema,
          name: { namespace: schema.namespace, local },
        });
        const other = insteadOf(node);
        if (other !== undefined) add(this.others, `${kind} ${keyOf(adopt(other, schema))}`, local);
      }
  }

  find(kind: ComponentKind, name: QName): Component | undefined {
    const [first, second] = this.known.get(`${kind} ${keyOf(name)}`) ?? [];
    if (first !== undefined && second !== undefined)
      this.report(
        diagnose("SL1112", { what: first.node.local, name: name.local }, second.node.span, {
          related: [{ message: "first defined here", span: first.node.span }],
        }),
      );
    return first;
  }

  /** What of that kind there is in a namespace, for "did you mean". */
  names(kind: ComponentKind, namespace: string): string[] {
    return localNames(this.known.keys(), `${kind} `, namespace);
  }

  /** Names of what a message could have in the place of an element or type. */
  insteadOf(kind: "element" | "type", name: QName): readonly string[] {
    return this.others.get(`${kind} ${keyOf(name)}`) ?? [];
  }
}

/** The head of its substitution group, or the base of a complex type. */
function insteadOf(node: XmlElement): QName | undefined {
  const derivation = childrenOf(node, XSD, "complexContent", "simpleContent").flatMap((content) =>
    childrenOf(content, XSD, "extension", "restriction"),
  )[0];
  const other = node.local === "element" ? textOf(node, "substitutionGroup") : derivation && textOf(derivation, "base");
  return other === undefined ? undefined : readName(derivation ?? node, other);
}

/** XML Schema 1.0, 4.2.1: what is included into a namespace refers to names of that namespace. */
export function adopt(name: QName, schema: SchemaDocument): QName {
  return schema.adopted && name.namespace === "" ? { namespace: schema.namespace, local: name.local } : name;
}

function add<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
