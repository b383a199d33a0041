import { type Diagnostic, diagnose } from "../../compiler/diagnostics/diagnostic.js";
import { nearest } from "../../compiler/diagnostics/suggest.js";
import { capturesOf } from "../../compiler/policy/path.js";
import type { BindPart } from "./answer.js";
import { complexOf, isRequired, type Member, membersOf } from "./content.js";
import { type Field, fieldAt, isField, type NoField, parameterOf, topField } from "./field.js";
import { bring, exclusive, missingOf, type Partly, partly } from "./missing.js";
import type { ComplexType, ServiceModel } from "./model.js";
import { BODILESS } from "./settings.js";
import { membersLeft, takenOf } from "./taken.js";

/** A parameter of a request and the field of the input that it is. */
export interface BoundParam {
  /** A segment of the path by its index, or a parameter of the query; the name is that which clients know. */
  in: "path" | "query";
  name: string;
  segment?: number;
  field: readonly string[];
  member: Member;
  /** The simple type of its value, of a list that of the list. */
  simple: string;
  /** An array, of as many values as are given. */
  repeated: boolean;
  /** No request can do without it. */
  required: boolean;
}

export interface BoundInput {
  /** Those of the path first; those with a common beginning of their fields stand together. */
  params: readonly BoundParam[];
  /** false: requests have no body. `field`: the part of the input that the body is; all of it without. */
  body: false | { field?: readonly string[] };
}

const MOST_PARAMS = 64;
const MOST_STEPS = 8;

/** Which part of a request is which field of the input; no value if there is an error among the findings. */
export function bindInput(part: BindPart): { value?: BoundInput; findings: Diagnostic[] } {
  const reader = new InputBinder(part);
  const value = reader.bind();
  return reader.isSound() ? { value, findings: reader.findings } : { findings: reader.findings };
}

class InputBinder {
  readonly findings: Diagnostic[] = [];
  private readonly part: BindPart;
  private readonly model: ServiceModel;
  private readonly name: string;
  /** The type of the input, if it is an object. */
  private readonly type: ComplexType | undefined;
  private readonly hasBody: boolean;
  private readonly params: BoundParam[] = [];

  constructor(part: BindPart) {
    this.part = part;
    this.model = part.model;
    this.name = part.operation.name;
    const { input } = part.operation;
    this.type = input === undefined ? undefined : complexOf(part.model, input.type);
    this.hasBody = BODILESS.every((method) => method !== part.spec.rest.method);
  }

  isSound(): boolean {
    return this.findings.every(({ severity }) => severity !== "error");
  }

  bind(): BoundInput {
    const { input } = this.part.operation;
    const tree = partly(this.hasBody && this.part.spec.bind?.body === undefined);
    const body = this.bindBody(tree);
    this.bindPath(tree);
    this.bindQuery(tree);
    if (this.type !== undefined) {
      const unasked = this.hasBody ? [] : this.bindRest(this.type, tree);
      // A field that was not found is none that is missing.
      if (this.isSound()) this.lookForMissing(this.type, tree);
      if (this.isSound()) for (const member of unasked) this.cannotAsk(member);
    } else if (input !== undefined && !this.hasBody)
      this.findings.push(
        diagnose("SL1060", { operation: this.name, method: this.part.spec.rest.method }, this.part.place(["rest"])),
      );
    this.checkSize();
    return { params: grouped(this.params), body: this.isNothingLeft(tree) ? false : body };
  }

  private bindBody(tree: Partly): BoundInput["body"] {
    const written = this.part.spec.bind?.body;
    if (written === undefined) return this.hasBody ? {} : false;
    const span = this.part.place(["bind", "body"]);
    if (!this.hasBody) {
      this.findings.push(diagnose("SL1057", { operation: this.name, method: this.part.spec.rest.method }, span));
      return false;
    }
    const found = fieldAt(this.model, this.part.operation.input, written);
    if (!isField(found) || found.member.kind !== "element") {
      const reason = isField(found) ? `\`${written}\` is no element` : found.reason;
      this.findings.push(diagnose("SL1053", { operation: this.name, reason }, span));
      return false;
    }
    const { element } = found.member;
    const isObject = element.max === 1 && "complex" in element.type;
    bring(tree, found.path, isObject ? partly(true) : { is: "body" });
    return { field: found.path };
  }

  private bindPath(tree: Partly): void {
    const { spec, place } = this.part;
    const captures = capturesOf(spec.rest.path);
    const written = spec.bind?.path ?? {};
    for (const name of Object.keys(written))
      if (captures.every((capture) => capture.name !== name))
        this.noCapture(
          name,
          captures.map((one) => one.name),
        );
    for (const { name, segment } of captures) {
      const path = Object.hasOwn(written, name) ? written[name] : undefined;
      const span = place(path === undefined ? ["rest"] : ["bind", "path", name]);
      const found = path === undefined ? this.sameName(name) : fieldAt(this.model, this.part.operation.input, path);
      this.add(tree, found, { in: "path", name, segment, span });
    }
  }

  private sameName(name: string): Field | NoField {
    const found = topField(this.model, this.part.operation.input, name);
    if (found !== undefined) return found;
    const known = this.type === undefined ? [] : membersOf(this.type).map((member) => member.name);
    const which = known.length === 0 ? "there is none" : `the input has ${known.slice(0, 12).join(", ")}`;
    return {
      reason: `no field is named like the capture \`{${name}}\`; say which it is with \`bind.path\` (${which})`,
    };
  }

  private noCapture(name: string, captures: string[]): void {
    const meant = nearest(name, captures);
    const hint = meant === undefined ? "" : `; did you mean \`${meant}\`?`;
    this.findings.push(
      diagnose("SL1056", { operation: this.name, name, hint }, this.part.place(["bind", "path", name], "key")),
    );
  }

  private bindQuery(tree: Partly): void {
    for (const [name, path] of Object.entries(this.part.spec.bind?.query ?? {})) {
      const found = fieldAt(this.model, this.part.operation.input, path);
      this.add(tree, found, { in: "query", name, span: this.part.place(["bind", "query", name]) });
    }
  }

  private add(
    tree: Partly,
    found: Field | NoField,
    { span, ...param }: { in: "path" | "query"; name: string; segment?: number; span: Diagnostic["span"] },
  ): void {
    if (!isField(found)) {
      this.findings.push(diagnose("SL1053", { operation: this.name, reason: found.reason }, span));
      return;
    }
    const field = found.path.join(".");
    const value = parameterOf(this.model, found);
    const reason = typeof value === "string" ? value : value.repeated && param.in === "path" ? "has many values" : "";
    if (typeof value === "string" || reason !== "") {
      const where = param.in === "path" ? "a segment of the path" : "a parameter of the query";
      this.findings.push(diagnose("SL1054", { operation: this.name, field, where, reason }, span));
      return;
    }
    if (!bring(tree, found.path, { is: "parameter", always: param.in === "path" })) {
      this.findings.push(diagnose("SL1055", { operation: this.name, field }, span));
      return;
    }
    const required = param.in === "path" || this.isRequired(found);
    this.params.push({ ...param, ...value, field: found.path, member: found.member, required });
  }

  /** Every object on the way must be there as well. */
  private isRequired({ path }: Field): boolean {
    let type = this.type;
    for (const name of path) {
      if (type === undefined || !isRequired(type, name)) return false;
      const member = membersOf(type).find((one) => one.name === name);
      type = member?.kind === "element" ? complexOf(this.model, member.element.type) : undefined;
    }
    return true;
  }

  /** What no body brings, the query does, under the names of the fields; gives the optional ones that it cannot. */
  private bindRest(type: ComplexType, tree: Partly): Member[] {
    const unasked: Member[] = [];
    for (const member of membersOf(type)) {
      if (tree.members.has(member.name)) continue;
      const field: Field = { path: [member.name], member };
      const plain = member.name.replace(/^[@$]/, "");
      const isTaken = this.params.some((one) => one.in === "query" && one.name === plain);
      if (typeof parameterOf(this.model, field) !== "string")
        this.add(tree, field, { in: "query", name: isTaken ? member.name : plain, span: this.part.place(["rest"]) });
      else if (!isRequired(type, member.name)) unasked.push(member);
    }
    return unasked;
  }

  private cannotAsk({ name }: Member): void {
    const { spec, place } = this.part;
    this.findings.push(
      diagnose("SL1059", { operation: this.name, field: name, method: spec.rest.method }, place(["rest"]), {
        related: [{ message: "the operation is here", span: this.part.operation.origin }],
      }),
    );
  }

  private lookForMissing(type: ComplexType, tree: Partly): void {
    const span = this.part.place(["rest"]);
    for (const path of missingOf(this.model, type, tree)) {
      const how = this.howToBring(path);
      this.findings.push(diagnose("SL1058", { operation: this.name, ...how }, span));
    }
    const both = exclusive(this.model, type, tree);
    if (both !== undefined)
      this.findings.push(diagnose("SL1064", { operation: this.name, one: both[0], other: both[1] }, span));
  }

  /** A field in words, or the fields of a choice, and what to write. */
  private howToBring(path: string): { fields: string; how: string } {
    const names = path.split("|");
    const [first = ""] = names;
    const fields =
      names.length === 1 ? `the field \`${first}\`` : `one of ${names.map((one) => `\`${one}\``).join(", ")}`;
    const otherwise = this.hasBody ? "let the body be more" : "use POST";
    const inner = this.partOf(first);
    if (inner === undefined) return { fields, how: otherwise };
    const last = inner.split(".").at(-1) ?? inner;
    return { fields, how: `write \`bind: { query: { ${last.replace(/^[@$]/, "")}: ${inner} } }\`, or ${otherwise}` };
  }

  /** A field that a parameter can be: the one meant, or the first in it. */
  private partOf(path: string): string | undefined {
    const found = fieldAt(this.model, this.part.operation.input, path);
    if (!isField(found)) return undefined;
    if (typeof parameterOf(this.model, found) !== "string") return path;
    const { member } = found;
    const inner = member.kind === "element" ? complexOf(this.model, member.element.type) : undefined;
    if (inner === undefined || (member.kind === "element" && member.element.max !== 1)) return undefined;
    const canBe = membersOf(inner).filter(
      (one) => typeof parameterOf(this.model, { path: [], member: one }) !== "string",
    );
    const simple = canBe.find(({ name }) => isRequired(inner, name)) ?? canBe[0];
    return simple === undefined ? undefined : `${path}.${simple.name}`;
  }

  private checkSize(): void {
    const span = this.part.place(["rest"]);
    if (this.params.length > MOST_PARAMS)
      this.findings.push(
        diagnose(
          "SL1066",
          { what: `\`${this.name}\``, count: `${this.params.length} parameters`, limit: MOST_PARAMS },
          span,
        ),
      );
    const deep = this.params.find((one) => one.field.length > MOST_STEPS);
    if (deep !== undefined)
      this.findings.push(
        diagnose(
          "SL1066",
          { what: `\`${deep.field.join(".")}\``, count: `${deep.field.length} names`, limit: MOST_STEPS },
          span,
        ),
      );
  }

  /** True if a body could bring nothing that is not in the path or query already. */
  private isNothingLeft(tree: Partly): boolean {
    if (this.part.operation.input === undefined) return true;
    if (this.type === undefined || !tree.open) return false;
    return membersLeft(this.model, this.type, takenOf(this.params)).length === 0;
  }
}

/** Parameters in the order of what they stand in, so that an object is written once. */
function grouped(params: readonly BoundParam[], depth = 0): BoundParam[] {
  const groups = new Map<string, BoundParam[]>();
  for (const one of params) {
    const key = one.field[depth] ?? "";
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].flatMap((group) => (group.length === 1 ? group : grouped(group, depth + 1)));
}
