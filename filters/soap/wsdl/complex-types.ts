import { diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import type { AttributeModel, ComplexType, GroupModel } from "../model.js";
import { type Attributes, readAttributes } from "./attributes.js";
import { type Definition, MOST_STEPS, type SchemaContext, type Scope } from "./context.js";
import { complexNamed } from "./elements.js";
import { PARTICLES, readGroup } from "./groups.js";
import { attributeOf, childrenOf, documentationOf, SOAP_ENCODINGS, XSD } from "./names.js";
import { elementsOf, groupOf, ONCE, type Particle } from "./occurrence.js";
import { restrictedText, simpleNamed, simpleOf } from "./simple-types.js";
import type { XmlElement } from "./xml.js";

/** What a type has, all that it was derived from included. */
interface Shape {
  readonly attributes: ReadonlyMap<string, AttributeModel>;
  /** Of simple content, the id of its simple type. */
  readonly text?: string;
  readonly content?: Particle;
}

const EMPTY: Shape = { attributes: new Map() };

/** Members of one type. */
const MOST_MEMBERS = 2_000;

/** Reads the types that are wanted, and those that they want. */
export function readComplexTypes(context: SchemaContext): void {
  const shapes = new Shapes(context);
  // More is wanted while they are read.
  for (const definition of context.wanted.values()) {
    if (context.types.has(definition.id)) continue;
    context.types.set(definition.id, typeOf(definition, shapes.of(definition) ?? EMPTY));
  }
}

function typeOf({ id, name, node, schema }: Definition, { attributes, text, content }: Shape): ComplexType {
  return {
    id,
    ...(name === undefined ? {} : { name }),
    namespace: schema.namespace,
    origin: node.span,
    ...documentationOf(node),
    attributes: [...attributes.values()],
    ...(text === undefined ? {} : { text }),
    ...(content === undefined ? {} : { content: asGroup(content) }),
  };
}

function asGroup(content: Particle): GroupModel {
  return content.kind === "group" ? content : { kind: "group", order: "sequence", optional: false, of: [content] };
}

class Shapes {
  private readonly context: SchemaContext;
  private readonly known = new Map<string, Shape | undefined>();
  private steps = 0;

  constructor(context: SchemaContext) {
    this.context = context;
  }

  /** The shape of a type; undefined after a finding. */
  of(definition: Definition): Shape | undefined {
    const { id, node } = definition;
    if (this.known.has(id)) return this.known.get(id);
    if (this.context.reading.has(id) || this.steps >= MOST_STEPS) {
      this.context.report(diagnose("SL1137", { what: definition.name ?? "this type" }, node.span));
      return undefined;
    }
    this.context.reading.add(id);
    this.steps++;
    const shape = this.read(definition);
    this.steps--;
    this.context.reading.delete(id);
    if (shape !== undefined) this.check(node, shape);
    this.known.set(id, shape);
    return shape;
  }

  private read({ id, node, schema }: Definition): Shape | undefined {
    const scope = { schema, owner: id };
    if (this.context.isTrue(node, "mixed")) this.context.report(diagnose("SL1126", {}, node.span));
    const [content] = childrenOf(node, XSD, "simpleContent", "complexContent");
    if (content === undefined) return this.own(node, scope, EMPTY);
    if (this.context.isTrue(content, "mixed")) this.context.report(diagnose("SL1126", {}, content.span));
    const [derivation] = childrenOf(content, XSD, "extension", "restriction");
    const base = derivation && attributeOf(derivation, "base");
    if (derivation === undefined || base === undefined) {
      const [element, attribute] =
        derivation === undefined ? [content.local, "extension` or `restriction"] : [derivation.local, "base"];
      this.context.report(diagnose("SL1113", { element, attribute }, (derivation ?? content).span));
      return undefined;
    }
    return content.local === "simpleContent"
      ? this.simpleContent(derivation, scope)
      : this.complexContent(derivation, scope);
  }

  /** What stands in a type itself, after what it has from its base. */
  private own(node: XmlElement, scope: Scope, base: Shape): Shape {
    const [particle, more] = childrenOf(node, XSD, ...PARTICLES);
    if (more !== undefined) this.context.unexpected(more, "beside another group");
    const content = particle && readGroup(this.context, particle, scope);
    // A sequence of sequences is one, and so is never "repeated".
    const all = groupOf("sequence", [base.content, content], ONCE);
    const attributes = merged(base.attributes, readAttributes(this.context, node, scope));
    return { attributes, ...(all === undefined || all === "repeated" ? {} : { content: all }) };
  }

  private complexContent(derivation: XmlElement, scope: Scope): Shape | undefined {
    const base = this.baseOf(derivation, scope);
    if (base === undefined) return undefined;
    // A restriction says again what the content is, and of the attributes only what changes.
    if (derivation.local === "restriction") return this.own(derivation, scope, { attributes: base.attributes });
    if (base.text !== undefined) {
      this.context.unexpected(derivation, "with a base that has simple content");
      return undefined;
    }
    return this.context.spend(sizeOf(base), derivation.span) ? this.own(derivation, scope, base) : undefined;
  }

  private baseOf(derivation: XmlElement, scope: Scope): Shape | undefined {
    const base = attributeOf(derivation, "base");
    const name = base && this.context.reference(derivation, base, scope);
    if (base === undefined || name === undefined) return undefined;
    if (name.namespace === XSD && name.local === "anyType") {
      if (derivation.local === "restriction") return EMPTY;
      this.context.report(diagnose("SL1125", { what: "an extension of `xsd:anyType`" }, base.span));
      return undefined;
    }
    if (SOAP_ENCODINGS.includes(name.namespace)) {
      this.context.report(diagnose("SL1132", { what: `the type \`${name.local}\`` }, base.span));
      return undefined;
    }
    const definition = complexNamed(this.context, name);
    if (definition !== undefined) return this.of(definition);
    this.context.unknown("type", name, base.span, "complex type");
    return undefined;
  }

  private simpleContent(derivation: XmlElement, scope: Scope): Shape | undefined {
    const base = this.simpleBase(derivation, scope);
    if (base === undefined) return undefined;
    const attributes = merged(base.attributes, readAttributes(this.context, derivation, scope));
    if (derivation.local === "extension") return { attributes, text: base.text };
    const id = `${scope.owner}/$value`;
    // A restriction may narrow the text first by a type of its own.
    const inner = simpleOf(this.context, derivation, "", { ...scope, owner: `${id}/base` });
    return { attributes, text: restrictedText(this.context, inner ?? base.text, derivation, id, scope) };
  }

  private simpleBase(derivation: XmlElement, scope: Scope): (Shape & { text: string }) | undefined {
    const base = attributeOf(derivation, "base");
    const name = base && this.context.reference(derivation, base, scope);
    if (base === undefined || name === undefined) return undefined;
    const complex = complexNamed(this.context, name);
    if (complex === undefined) {
      const text = simpleNamed(this.context, name, base.span);
      return text === undefined ? undefined : { attributes: new Map(), text };
    }
    const shape = this.of(complex);
    if (shape === undefined) return undefined;
    if (shape.text !== undefined) return { ...shape, text: shape.text };
    this.context.unexpected(derivation, "with a base that has no simple content");
    return undefined;
  }

  /** In JSON an object has each member once. */
  private check(node: XmlElement, { attributes, content }: Shape): void {
    const elements = elementsOf(content);
    if (elements.length + attributes.size > MOST_MEMBERS)
      this.context.report(diagnose("SL1138", { what: "this type", limit: `${MOST_MEMBERS} members` }, node.span));
    for (const [kind, members] of [
      ["element", elements],
      ["attribute", [...attributes.values()]],
    ] as const) {
      const first = new Map(members.toReversed().map((member) => [member.name, member]));
      for (const member of members) {
        const other = first.get(member.name);
        if (other === undefined || other === member) continue;
        const related = [{ message: "first here", span: other.origin }];
        this.context.report(diagnose("SL1131", { kind, name: member.name }, member.origin, { related }));
      }
    }
  }
}

function sizeOf({ attributes, content }: Shape): number {
  return attributes.size + elementsOf(content).length;
}

/** Attributes of a base, with those of what is derived from it. */
function merged(base: ReadonlyMap<string, AttributeModel>, own: Attributes): ReadonlyMap<string, AttributeModel> {
  const all = new Map(base);
  for (const [name, attribute] of own) {
    if (attribute === "prohibited") all.delete(name);
    else all.set(name, attribute);
  }
  return all;
}
