import fc from "fast-check";
import type { Json, JsonObject } from "../../compiler/plan/plan.js";
import { complexOf, isRepeated, maybeEmpty } from "../../filters/soap/content.js";
import { plainText } from "../../filters/soap/decimal.js";
import type {
  AttributeModel,
  ComplexType,
  ElementModel,
  GroupModel,
  ServiceModel,
  SimpleType,
  TypeReference,
} from "../../filters/soap/model.js";
import { attribute, element, group, NAMESPACE, operation, origin, service, simpleType } from "./soap-model.js";

// Random models of services, and random values that fit them as the gateway gives them: an array stands also where it has no
// items, white space is as the type wants it, and no number has digits that JavaScript would lose.

// ---- simple types, each with its values

interface Simple {
  type: SimpleType;
  values: fc.Arbitrary<Json>;
}

const collapsed = { whiteSpace: "collapse" } as const;
const number = { json: "number", whiteSpace: "collapse" } as const;
/** What XML can carry, with some that it writes in another way. */
const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(..."abcXYZ019 .-_") },
  { weight: 2, arbitrary: fc.constantFrom("&", "<", ">", '"', "'", "\t", "\n", "\r", "]", "{", "\\", "/") },
  { weight: 1, arbitrary: fc.constantFrom("é", "ß", "漢", "😀", "\u0085", "\u2028", "\ufffd") },
);
const texts = fc.string({ unit: character, maxLength: 12 });
const words = fc.string({ unit: fc.constantFrom(..."abcé019&<"), minLength: 1, maxLength: 6 });
const whole = (min: number, max: number) => fc.integer({ min, max }).map((value) => value + 0);
const decimals = fc
  .tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.constantFrom(1, 10, 100, 1000))
  .map(([digits, scale]) => digits / scale + 0);
const doubles = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .filter((value) => Number(plainText(value)) === value)
  .map((value) => value + 0);

const SIMPLES: readonly Simple[] = [
  { type: simpleType("string"), values: texts },
  {
    type: simpleType("normalizedString", { whiteSpace: "replace" }),
    values: texts.map((text) => text.replace(/[\t\r\n]/g, " ")),
  },
  {
    type: simpleType("token", collapsed),
    values: fc.array(words, { maxLength: 3 }).map((parts) => parts.join(" ")),
  },
  {
    type: simpleType("name", { builtin: "string", length: { min: 2, max: 8 } }),
    values: fc.string({ unit: character, minLength: 2, maxLength: 8 }).filter((text) => [...text].length >= 2),
  },
  {
    type: simpleType("date", { ...collapsed, patterns: ["[0-9]{4}-[0-9]{2}-[0-9]{2}"] }),
    values: fc.constantFrom("2026-11-26", "1999-01-01"),
  },
  {
    type: simpleType("currency", { builtin: "string", patterns: ["[A-Z]{3}"] }),
    values: fc.string({ unit: fc.constantFrom(..."ABCXYZ"), minLength: 3, maxLength: 3 }),
  },
  {
    type: simpleType("status", { builtin: "string", enumeration: ["active", "on hold", "a&b"] }),
    values: fc.constantFrom("active", "on hold", "a&b"),
  },
  { type: simpleType("boolean", { json: "boolean", form: "boolean", ...collapsed }), values: fc.boolean() },
  {
    type: simpleType("int", {
      ...number,
      form: "integer",
      min: { value: "-2147483648", exclusive: false },
      max: { value: "2147483647", exclusive: false },
    }),
    values: whole(-2_147_483_648, 2_147_483_647),
  },
  {
    type: simpleType("percent", {
      ...number,
      form: "integer",
      builtin: "int",
      min: { value: "-1", exclusive: true },
      max: { value: "101", exclusive: true },
    }),
    values: whole(0, 100),
  },
  { type: simpleType("decimal", { ...number, form: "decimal", fractionDigits: 3, totalDigits: 10 }), values: decimals },
  {
    type: simpleType("double", { ...number, form: "double" }),
    values: fc.oneof(doubles, fc.constantFrom("INF", "-INF", "NaN")),
  },
  {
    type: simpleType("hex", { ...collapsed, builtin: "hexBinary", length: { max: 4 } }),
    values: fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString("hex")),
  },
  {
    type: simpleType("base64", { ...collapsed, builtin: "base64Binary", length: { min: 1, max: 5 } }),
    values: fc.uint8Array({ minLength: 1, maxLength: 5 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  },
  {
    type: simpleType("ints", { ...number, form: "list", item: "int", length: { max: 5 } }),
    values: fc.array(whole(-99, 99), { maxLength: 5 }),
  },
  {
    type: simpleType("flags", { ...collapsed, json: "boolean", form: "list", item: "boolean" }),
    values: fc.array(fc.boolean(), { maxLength: 3 }),
  },
  {
    type: simpleType("code", { ...collapsed, form: "union", builtin: "token", members: ["int", "status"] }),
    values: fc.oneof(whole(-9, 9).map(String), fc.constantFrom("active", "on hold")),
  },
];

function simpleNamed(id: string): Simple {
  const found = SIMPLES.find(({ type }) => type.id === id);
  if (found === undefined) throw new Error(`no simple type ${id}`);
  return found;
}

const simpleIds = fc.constantFrom(...SIMPLES.map(({ type }) => type.id));

// ---- models

const NAMESPACES = ["", NAMESPACE, "urn:other&more"];

/** Names of one type: used from the first to the last, so that none stands twice. */
const NAMES = ["a", "Name", "item-1", "x_2", "é", "value-like", "id", "partner.no", "z", "q", "Description", "v"];

interface Shape {
  order: GroupModel["order"];
  optional: boolean;
  of: (Leaf | Shape)[];
}

interface Leaf {
  simple: string;
  /** Of the complex type that it has in place of the simple one; that of a later type if it must be there. */
  complex: number | undefined;
  namespace: string;
  occurs: { min: number; max: number | "unbounded" };
  nillable: boolean;
}

const leaf: fc.Arbitrary<Leaf> = fc.record({
  simple: simpleIds,
  complex: fc.option(fc.nat(5), { nil: undefined }),
  namespace: fc.constantFrom(...NAMESPACES),
  occurs: fc.constantFrom<Leaf["occurs"]>(
    { min: 1, max: 1 },
    { min: 1, max: 1 },
    { min: 0, max: 1 },
    { min: 0, max: "unbounded" },
    { min: 1, max: "unbounded" },
    { min: 2, max: 3 },
  ),
  nillable: fc.boolean(),
});

const { shape } = fc.letrec<{ shape: Shape; part: Leaf | Shape }>((tie) => ({
  shape: fc.record({
    order: fc.constantFrom("sequence", "sequence", "choice"),
    optional: fc.boolean(),
    of: fc.array(tie("part"), { minLength: 1, maxLength: 4 }),
  }),
  part: fc.oneof({ maxDepth: 2 }, { weight: 3, arbitrary: leaf }, { weight: 1, arbitrary: tie("shape") }),
}));

const allShape: fc.Arbitrary<Shape> = fc.record({
  order: fc.constant("all"),
  optional: fc.boolean(),
  of: fc.array(leaf, { minLength: 1, maxLength: 4 }),
});

interface TypeShape {
  attributes: { simple: string; required: boolean; namespace: string }[];
  content: Shape | "text" | "empty";
  text: string;
}

const typeShape: fc.Arbitrary<TypeShape> = fc.record({
  attributes: fc.array(
    fc.record({ simple: simpleIds, required: fc.boolean(), namespace: fc.constantFrom("", "", "urn:a") }),
    { maxLength: 2 },
  ),
  content: fc.oneof(
    { weight: 6, arbitrary: shape },
    { weight: 1, arbitrary: allShape },
    { weight: 1, arbitrary: fc.constantFrom("text" as const, "empty" as const) },
  ),
  text: simpleIds,
});

/** Makes groups of a shape; each element gets the next name. */
function contentOf({ order, optional, of }: Shape, index: number, types: number, names: string[]): GroupModel {
  const parts = of.flatMap((part): (ElementModel | GroupModel)[] => {
    if ("of" in part) return names.length === 0 ? [] : [contentOf(part, index, types, names)];
    const name = names.shift();
    return name === undefined ? [] : [elementOf(part, name, index, types)];
  });
  return group(order, parts, optional);
}

function elementOf({ simple, complex, namespace, occurs, nillable }: Leaf, name: string, index: number, types: number) {
  const { min, max } = occurs;
  // What must be there has a later type, so that every value has an end.
  const wanted = complex === undefined ? undefined : min === 0 ? complex % types : index + 1 + complex;
  const type: TypeReference = wanted === undefined || wanted >= types ? { simple } : { complex: `t${wanted}` };
  return element(name, "string", { type, namespace, min, max, nillable });
}

function typeOf({ attributes, content, text }: TypeShape, index: number, types: number): ComplexType {
  const named = attributes.map(
    ({ simple, required, namespace }, at): AttributeModel => attribute(`at${at}`, simple, { required, namespace }),
  );
  return {
    id: `t${index}`,
    name: `T${index}`,
    namespace: NAMESPACE,
    origin,
    attributes: named,
    ...(content === "text" ? { text } : {}),
    ...(typeof content === "string" ? {} : { content: contentOf(content, index, types, [...NAMES]) }),
  };
}

/** Services with one operation, `Do`, that has an input, an output and a fault: all of them objects or single values. */
export const soapModels: fc.Arbitrary<ServiceModel> = fc
  .tuple(
    fc.array(typeShape, { minLength: 1, maxLength: 5 }),
    fc.constantFrom("1.1", "1.2"),
    fc.tuple(fc.nat(5), fc.nat(5), fc.nat(5)),
    simpleIds,
  )
  .map(([shapes, version, [input, output, detail], simple]): ServiceModel => {
    const types = shapes.map((one, index) => typeOf(one, index, shapes.length));
    const top = (name: string, index: number) =>
      index < types.length ? element(name, `#t${index}`) : element(name, simple, { nillable: index % 2 === 0 });
    const fault = { name: "Failed", origin, element: top("Failed", detail) };
    const all = new Map(SIMPLES.map(({ type }) => [type.id, type]));
    return service(
      [operation("Do", { input: top("Do", input), output: top("DoResponse", output), faults: [fault] })],
      types,
      { version, simpleTypes: all },
    );
  });

// ---- values

/** Objects in one another, from which on nothing is there that may be absent. */
const DEEPEST = 4;

/** Values that fit an element that is there once. */
export function valuesOf(model: ServiceModel, of: ElementModel, depth = 0): fc.Arbitrary<Json> {
  const type = complexOf(model, of.type);
  const values =
    type === undefined ? simpleNamed("simple" in of.type ? of.type.simple : "").values : objects(model, type, depth);
  return of.nillable ? fc.oneof({ weight: 4, arbitrary: values }, { weight: 1, arbitrary: fc.constant(null) }) : values;
}

function objects(model: ServiceModel, type: ComplexType, depth: number): fc.Arbitrary<JsonObject> {
  const attributes = type.attributes.map(({ name, simple, required }) => {
    const values = simpleNamed(simple).values.map((value): JsonObject => ({ [`@${name}`]: value }));
    return required ? values : fc.oneof(values, fc.constant<JsonObject>({}));
  });
  const text =
    type.text === undefined ? [] : [simpleNamed(type.text).values.map((value): JsonObject => ({ $value: value }))];
  const content = type.content === undefined ? [] : [groups(model, type.content, depth)];
  return fc.tuple(...attributes, ...text, ...content).map(merged);
}

function merged(objectsOfOne: readonly JsonObject[]): JsonObject {
  return Object.assign({}, ...objectsOfOne);
}

function groups(model: ServiceModel, of: GroupModel, depth: number): fc.Arbitrary<JsonObject> {
  const parts = of.of.map((part) =>
    part.kind === "element" ? members(model, part, depth) : groups(model, part, depth),
  );
  if (of.order !== "choice") {
    const taken = fc.tuple(...parts).map(merged);
    if (!of.optional) return taken;
    return depth >= DEEPEST ? fc.constant(emptyArrays(of)) : fc.oneof(taken, fc.constant(emptyArrays(of)));
  }
  const none = fc.constant<JsonObject>({});
  if (maybeEmpty(of) && (depth >= DEEPEST || parts.length === 0)) return none;
  // A branch of which nothing is there was not taken.
  const branches = parts.map((values, index) => values.map((value) => (isTaken(of.of[index], value) ? value : {})));
  return maybeEmpty(of) ? fc.oneof(none, ...branches) : fc.oneof(...branches);
}

/** An empty list is a value, and an array without items is none. */
function isTaken(part: ElementModel | GroupModel | undefined, value: JsonObject): boolean {
  if (part?.kind === "group") return part.of.some((inner) => isTaken(inner, value));
  const member = part === undefined ? undefined : value[part.name];
  return (
    member !== undefined && !(part !== undefined && isRepeated(part) && Array.isArray(member) && member.length === 0)
  );
}

function emptyArrays(of: GroupModel): JsonObject {
  return merged(
    of.of.map((part): JsonObject => {
      if (part.kind === "element") return isRepeated(part) ? { [part.name]: [] } : {};
      return part.order === "choice" ? {} : emptyArrays(part);
    }),
  );
}

function members(model: ServiceModel, of: ElementModel, depth: number): fc.Arbitrary<JsonObject> {
  const { name, min, max } = of;
  const named = (value: Json): JsonObject => ({ [name]: value });
  if (depth >= DEEPEST && min === 0) return fc.constant(isRepeated(of) ? named([]) : {});
  const values = valuesOf(model, of, depth + 1);
  if (!isRepeated(of)) return min === 0 ? fc.oneof(values.map(named), fc.constant<JsonObject>({})) : values.map(named);
  const maxLength = max === "unbounded" ? min + 2 : max;
  return fc.array(values, { minLength: min, maxLength: depth >= DEEPEST ? min : maxLength }).map(named);
}

/** A model with a value of the input, the output and the detail of the fault of its operation. */
export const modelsWithValues = soapModels.chain((model) => {
  const [one] = model.operations;
  if (one?.input === undefined || one.output === undefined) throw new Error("the operation lacks something");
  const [fault] = one.faults;
  const detail = fault === undefined ? fc.constant(null) : valuesOf(model, fault.element);
  return fc.record({
    model: fc.constant(model),
    input: valuesOf(model, one.input),
    output: valuesOf(model, one.output),
    detail,
  });
});
