import { type DescEnum, type DescMessage, isMessage, type Message } from "@bufbuild/protobuf";
import { isReflectList, isReflectMap, isReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { type FieldRules, file_validate_validate } from "../generated/validate/validate_pb.js";
import { numberOf, type Predicate, UnsupportedRule } from "./predicate.js";
import { textPredicate } from "./text.js";

/** What is wrong with a value: `path` leads from the value to the part that is wrong (empty: itself). */
export interface Fault {
  path: string;
  message: string;
}

export type Constraint = (value: unknown) => Fault[];

/**
 * The constraint that `validate.rules` (protoc-gen-validate) puts on a value of a set field; of a wrapper, on what it wraps.
 * @param type the enum of the field, if it is one
 * @throws UnsupportedRule
 */
export function constraint(rules: FieldRules, type: DescEnum | undefined): Constraint {
  const kind = rules.type;
  switch (kind.case) {
    case "float":
    case "double":
    case "int32":
    case "int64":
    case "uint32":
    case "uint64":
    case "sint32":
    case "sint64":
    case "fixed32":
    case "fixed64":
    case "sfixed32":
    case "sfixed64":
      return ordered(kind.value, numberOf);
    case "duration":
      return ordered(kind.value, nanosecondsOf);
    case "bool":
      return allOf(kind.value, boolPredicate);
    case "string": {
      const { strict, ignoreEmpty } = kind.value;
      const inner = allOf(kind.value, textPredicate({ strict }));
      return ignoreEmpty ? (value) => (value === "" ? [] : inner(value)) : inner;
    }
    case "bytes":
      return allOf(kind.value, bytesPredicate);
    case "enum":
      return allOf(kind.value, (name, limit) => enumPredicate(name, limit, type));
    case "repeated": {
      const own = allOf(kind.value, repeatedPredicate);
      const items = kind.value.items === undefined ? undefined : constraint(kind.value.items, type);
      return (value) => [...own(value), ...(items === undefined ? [] : eachItem(value, items))];
    }
    case "map": {
      const own = allOf(kind.value, mapPredicate);
      const keys = kind.value.keys === undefined ? undefined : constraint(kind.value.keys, undefined);
      if (kind.value.values !== undefined) throw new UnsupportedRule("map.values");
      return (value) => [...own(value), ...(keys === undefined ? [] : eachKey(value, keys))];
    }
    case "any":
      return allOf(kind.value, anyPredicate);
    case "timestamp":
      throw new UnsupportedRule("timestamp");
    case undefined:
      return () => [];
  }
}

type Reader = (name: string, limit: unknown) => Predicate | undefined;

/** Reads each rule; the reader gives nothing for what only modifies another rule. */
function allOf(rules: Message, read: Reader): Constraint {
  const predicates = setRules(rules).map(([name, limit]) => read(name, limit));
  return conjunction(predicates.filter((predicate) => predicate !== undefined));
}

function conjunction(predicates: Predicate[]): Constraint {
  return (value) =>
    predicates.filter((predicate) => !predicate.holds(value)).map(({ asks }) => ({ path: "", message: asks }));
}

/** The rules that are set in a message of rules, by name. */
function setRules(rules: Message): [name: string, limit: unknown][] {
  const reflected = reflect(rulesSchema(rules), rules);
  return reflected.fields.filter((field) => reflected.isSet(field)).map((field) => [field.name, reflected.get(field)]);
}

function rulesSchema(rules: Message): DescMessage {
  const schema = file_validate_validate.messages.find((message) => message.typeName === rules.$typeName);
  if (schema === undefined) throw new UnsupportedRule(rules.$typeName);
  return schema;
}

/**
 * Rules over values with an order. Where the lower bound is above the upper one, protoc-gen-validate means what lies
 * outside: either bound will do.
 */
function ordered(rules: Message, read: (value: unknown) => number | bigint): Constraint {
  const bounds = new Map<string, Predicate>();
  let lower: number | bigint | undefined;
  let upper: number | bigint | undefined;
  for (const [name, limit] of setRules(rules)) {
    if (name === "required") continue;
    bounds.set(name, bound(name, limit, read));
    if (name === "gt" || name === "gte") lower = read(limit);
    else upper = read(limit);
  }
  const all = [...bounds.values()];
  const isOutside = lower !== undefined && upper !== undefined && lower > upper;
  if (!isOutside) return conjunction(all);
  const asks = all.map((predicate) => predicate.asks).join(" or ");
  return conjunction([{ asks, holds: (value) => all.some((predicate) => predicate.holds(value)) }]);
}

function bound(name: string, limit: unknown, read: (value: unknown) => number | bigint): Predicate {
  const bound = read(limit);
  const shown = describe(limit);
  switch (name) {
    case "gt":
      return { asks: `must be greater than ${shown}`, holds: (value) => read(value) > bound };
    case "gte":
      return { asks: `must be at least ${shown}`, holds: (value) => read(value) >= bound };
    case "lt":
      return { asks: `must be less than ${shown}`, holds: (value) => read(value) < bound };
    case "lte":
      return { asks: `must be at most ${shown}`, holds: (value) => read(value) <= bound };
    default:
      throw new UnsupportedRule(name);
  }
}

function boolPredicate(name: string, limit: unknown): Predicate {
  if (name === "const") return { asks: `must be ${limit}`, holds: (value) => value === limit };
  throw new UnsupportedRule(`bool.${name}`);
}

function bytesPredicate(name: string, limit: unknown): Predicate {
  const bound = numberOf(limit);
  const size = (value: unknown) => (value instanceof Uint8Array ? value.length : 0);
  switch (name) {
    case "min_len":
      return { asks: `must have at least ${bound} bytes`, holds: (value) => size(value) >= bound };
    case "max_len":
      return { asks: `must have at most ${bound} bytes`, holds: (value) => size(value) <= bound };
    default:
      throw new UnsupportedRule(`bytes.${name}`);
  }
}

function enumPredicate(name: string, limit: unknown, type: DescEnum | undefined): Predicate | undefined {
  switch (name) {
    case "defined_only":
      if (limit !== true) return undefined;
      if (type === undefined) throw new UnsupportedRule("enum.defined_only on what is no enum");
      return {
        asks: `must be a value of ${type.typeName}`,
        holds: (value) => type.values.some((known) => known.number === value),
      };
    case "not_in": {
      const refused = isReflectList(limit) ? [...limit] : [];
      const names = refused.map((number) => type?.values.find((known) => known.number === number)?.name ?? number);
      return { asks: `must not be ${names.join(", ")}`, holds: (value) => !refused.includes(value) };
    }
    default:
      throw new UnsupportedRule(`enum.${name}`);
  }
}

function repeatedPredicate(name: string, limit: unknown): Predicate | undefined {
  const size = (value: unknown) => (isReflectList(value) ? value.size : 0);
  switch (name) {
    case "min_items": {
      const bound = numberOf(limit);
      return { asks: `must have at least ${bound} items`, holds: (value) => size(value) >= bound };
    }
    case "max_items": {
      const bound = numberOf(limit);
      return { asks: `must have at most ${bound} items`, holds: (value) => size(value) <= bound };
    }
    case "unique":
      if (limit !== true) return undefined;
      return {
        asks: "must not repeat an item",
        holds: (value) => !isReflectList(value) || new Set(value).size === value.size,
      };
    case "items":
      return undefined;
    default:
      throw new UnsupportedRule(`repeated.${name}`);
  }
}

function mapPredicate(name: string, limit: unknown): Predicate | undefined {
  switch (name) {
    case "min_pairs": {
      const bound = numberOf(limit);
      return {
        asks: `must have at least ${bound} entries`,
        holds: (value) => isReflectMap(value) && value.size >= bound,
      };
    }
    case "keys":
      return undefined;
    default:
      throw new UnsupportedRule(`map.${name}`);
  }
}

/** `required` is looked at where the field is known: here its value is there. */
function anyPredicate(name: string): undefined {
  if (name !== "required") throw new UnsupportedRule(`any.${name}`);
}

function eachItem(value: unknown, items: Constraint): Fault[] {
  if (!isReflectList(value)) return [];
  return [...value].flatMap((item, index) =>
    items(item).map((fault) => ({ ...fault, path: `[${index}]${fault.path}` })),
  );
}

function eachKey(value: unknown, keys: Constraint): Fault[] {
  if (!isReflectMap(value)) return [];
  return [...value.keys()].flatMap((key) =>
    keys(key).map((fault) => ({ path: `[${JSON.stringify(String(key))}]`, message: `its key ${fault.message}` })),
  );
}

function nanosecondsOf(value: unknown): bigint {
  if (isReflectMessage(value) && isMessage(value.message, DurationSchema)) {
    return value.message.seconds * 1_000_000_000n + BigInt(value.message.nanos);
  }
  throw new UnsupportedRule("duration rule on what is no duration");
}

function describe(limit: unknown): string {
  return isReflectMessage(limit) ? `${Number(nanosecondsOf(limit)) / 1e9}s` : String(limit);
}
