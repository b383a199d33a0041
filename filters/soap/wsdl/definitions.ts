import { type Diagnostic, diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import { unknownName } from "./context.js";
import { attributeOf, childrenOf, keyOf, localNames, type QName, readName, textOf, WSDL } from "./names.js";
import type { XmlElement } from "./xml.js";

export type DefinitionKind = "message" | "portType" | "binding" | "service";

/** What all files of a WSDL define, by kind and name. */
export class Definitions {
  private readonly known = new Map<string, XmlElement[]>();
  private readonly report: (finding: Diagnostic) => void;
  readonly roots: readonly XmlElement[];

  constructor(roots: readonly XmlElement[], report: (finding: Diagnostic) => void) {
    this.roots = roots;
    this.report = report;
    for (const root of roots)
      for (const node of childrenOf(root, WSDL)) {
        const key = `${node.local} ${keyOf({ namespace: targetOf(root), local: textOf(node, "name") ?? "" })}`;
        this.known.set(key, [...(this.known.get(key) ?? []), node]);
      }
  }

  /** What an attribute of an element refers to; undefined after a finding. */
  referred(node: XmlElement, attributeName: string, kind: DefinitionKind): XmlElement | undefined {
    const attribute = attributeOf(node, attributeName);
    if (attribute === undefined) {
      this.report(diagnose("SL1113", { element: node.local, attribute: attributeName }, node.span));
      return undefined;
    }
    const name = readName(node, attribute.value);
    if (name === undefined) {
      this.report(diagnose("SL1143", { name: attribute.value.trim() }, attribute.span));
      return undefined;
    }
    const [first, second] = this.known.get(`${kind} ${keyOf(name)}`) ?? [];
    if (first === undefined) this.report(unknownName(kind, name, this.names(kind, name), attribute.span));
    else if (second !== undefined)
      this.report(
        diagnose("SL1112", { what: kind, name: name.local }, second.span, {
          related: [{ message: "first defined here", span: first.span }],
        }),
      );
    return first;
  }

  private names(kind: DefinitionKind, { namespace }: QName): string[] {
    return localNames(this.known.keys(), `${kind} `, namespace);
  }
}

/** The namespace of what stands in a file. */
export function targetOf(node: XmlElement): string {
  let root = node;
  while (root.parent !== undefined) root = root.parent;
  return textOf(root, "targetNamespace") ?? "";
}
