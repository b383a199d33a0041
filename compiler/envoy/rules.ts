import { type DescField, type DescMessage, type DescOneof, getOption, hasOption } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { FeatureSet_FieldPresence, isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { type FieldRules, required, rules } from "./generated/validate/validate_pb.js";
import { type Constraint, constraint, type Fault } from "./rules/constraint.js";

/** `validate.rules` of a field, read. */
interface ReadRules {
  /** The field must be set; of a member of a oneof, if it is the one that is. */
  required: boolean;
  /** Messages in the field are not looked into. */
  skip: boolean;
  constraint: Constraint;
}

const none: ReadRules = { required: false, skip: false, constraint: () => [] };

// What a descriptor says never changes: read each once.
const known = new WeakMap<DescField, ReadRules>();

/**
 * The rules that a field declares.
 * @throws UnsupportedRule if one of them is not known here
 */
export function rulesOf(field: DescField): ReadRules {
  let read = known.get(field);
  if (read === undefined) {
    read = hasOption(field, rules) ? readRules(getOption(field, rules), field) : none;
    known.set(field, read);
  }
  return read;
}

/** What a type declares: most fields have no rule, and most messages of a route table are of a few types. */
interface Declared {
  ruled: readonly DescField[];
  required: readonly DescOneof[];
}

const declaredBy = new WeakMap<DescMessage, Declared>();

function declared(type: DescMessage): Declared {
  let read = declaredBy.get(type);
  if (read === undefined) {
    read = { ruled: type.fields.filter((field) => rulesOf(field) !== none), required: type.oneofs.filter(isRequired) };
    declaredBy.set(type, read);
  }
  return read;
}

/** Breaches of the rules that the fields and oneofs of one message declare; not of the messages within. */
export function brokenRules(message: ReflectMessage): Fault[] {
  const { ruled, required } = declared(message.desc);
  return [
    ...ruled.flatMap((field) => brokenFieldRules(message, field)),
    ...required.filter((oneof) => message.oneofCase(oneof) === undefined).map(missingOneof),
  ];
}

function readRules(declared: FieldRules, field: DescField): ReadRules {
  const kind = declared.type;
  const requiredByKind = (kind.case === "any" || kind.case === "duration") && kind.value.required;
  return {
    required: requiredByKind || declared.message?.required === true,
    skip: declared.message?.skip === true,
    constraint: constraint(declared, field.enum),
  };
}

function brokenFieldRules(message: ReflectMessage, field: DescField): Fault[] {
  const { required, constraint } = rulesOf(field);
  if (!message.isSet(field) && hasPresence(field)) {
    return required && field.oneof === undefined ? [{ path: field.name, message: "is required" }] : [];
  }
  return constraint(ruledValue(message, field)).map((fault) => ({ ...fault, path: field.name + fault.path }));
}

/** Whether being unset differs from holding a zero value: to such a field rules apply only once it is set. */
function hasPresence(field: DescField): boolean {
  if (field.oneof !== undefined || field.fieldKind === "message") return true;
  return field.presence === FeatureSet_FieldPresence.EXPLICIT;
}

function ruledValue(message: ReflectMessage, field: DescField): unknown {
  if (field.fieldKind !== "message") return message.get(field);
  const inner = message.get(field);
  const wrapped = isWrapperDesc(field.message) ? inner.fields[0] : undefined;
  return wrapped === undefined ? inner : inner.get(wrapped);
}

function isRequired(oneof: DescOneof): boolean {
  return hasOption(oneof, required) && getOption(oneof, required);
}

function missingOneof(oneof: DescOneof): Fault {
  const names = oneof.fields.map((field) => field.name);
  return { path: oneof.name, message: `needs one of ${names.join(", ")}` };
}
