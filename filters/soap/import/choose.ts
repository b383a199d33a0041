import { parsePath } from "../../../compiler/policy/path.js";
import { type BoundOperation, bindOperations } from "../binding.js";
import { complexOf, elementsOf, isRequired, membersOf } from "../content.js";
import { parameterOf } from "../field.js";
import type { ComplexType, ElementModel, OperationModel, ServiceModel } from "../model.js";
import { operationsSchema } from "../settings.js";
import { captureName, isPlural, kebab, plural, singular, wordsOf } from "./words.js";

/** How an operation is offered, as a policy says it, and why. */
export interface Choice {
  operation: OperationModel;
  method: string;
  path: string;
  success?: number;
  bind?: { body?: string; path?: Record<string, string> };
  because: string;
}

const VERBS = {
  get: ["get", "read", "fetch", "retrieve", "load", "show"],
  find: ["find", "list", "search", "query", "browse", "enumerate"],
  create: ["create", "add", "insert", "new", "register", "submit", "place"],
  update: ["update", "modify", "edit", "change", "replace", "save", "set"],
  delete: ["delete", "remove"],
} as const;

type Verb = keyof typeof VERBS;

/** Words that end the name of what an operation is about: what follows says how it is found. */
const HOW = ["by", "for", "with", "from", "of"];

/** REST for every operation of a service, by its name and its fields. No two have the same method and path. */
export function chooseAll(model: ServiceModel): { choices: Choice[]; bound: BoundOperation[] } {
  const taken = new Set<string>();
  const choices = model.operations.map((operation) => {
    const wanted = [chosen(model, operation), plain(operation), ...numbered(operation)];
    const free = wanted.find((one) => one !== undefined && !taken.has(keyOf(one)) && isSound(model, one));
    const choice = free ?? plain(operation);
    taken.add(keyOf(choice));
    return choice;
  });
  return { choices, bound: choices.flatMap((one) => bindChoice(model, one).bound) };
}

function keyOf({ method, path }: Choice): string {
  return `${method} ${path.replace(/\{[^}]*\}/g, "{}")}`;
}

/** An operation as it stands under `operations` of a policy. */
export function specOf({ method, path, success, bind }: Choice) {
  const rest = `${method} ${path}`;
  if (success === undefined && bind === undefined) return rest;
  return { rest, ...(success === undefined ? {} : { success }), ...(bind === undefined ? {} : { bind }) };
}

function bindChoice(model: ServiceModel, choice: Choice): { bound: BoundOperation[]; findings: number } {
  let findings = 0;
  const { origin } = choice.operation;
  const report = () => {
    findings++;
  };
  const operations = operationsSchema.parse({ [choice.operation.name]: specOf(choice) });
  const { bound } = bindOperations(model, { operations }, { policy: "", place: () => origin, report });
  return { bound, findings };
}

function isSound(model: ServiceModel, choice: Choice): boolean {
  return typeof parsePath(choice.path) !== "string" && bindChoice(model, choice).findings === 0;
}

/** What every operation can have: its name as a path, and its input as a body. */
function plain(operation: OperationModel): Choice {
  const name = kebab(wordsOf(operation.name));
  return { operation, method: "POST", path: `/${name === "" ? "operation" : name}`, because: "nothing else fits" };
}

function numbered(operation: OperationModel): Choice[] {
  const { path, ...rest } = plain(operation);
  return Array.from({ length: 99 }, (_, index) => ({ ...rest, operation, path: `${path}-${index + 2}` }));
}

function chosen(model: ServiceModel, operation: OperationModel): Choice | undefined {
  const [first = "", ...rest] = wordsOf(operation.name);
  const verb = verbOf(first);
  if (verb === undefined) return undefined;
  const how = rest.findIndex((word, index) => index > 0 && HOW.includes(word));
  const noun = (how < 0 ? rest : rest.slice(0, how)).filter((word) => word !== "all");
  if (noun.length === 0) return undefined;
  const input = operation.input === undefined ? undefined : complexOf(model, operation.input.type);
  const about: About = { model, operation, verb: first, noun, by: how < 0 ? [] : rest.slice(how), input };
  switch (verb) {
    case "get":
      return one(about, "GET") ?? many(about);
    case "find":
      return many(about) ?? one(about, "GET");
    case "create":
      return { ...created(about), success: 201 };
    case "update":
      return one(about, "PUT");
    case "delete":
      return one(about, "DELETE");
  }
}

interface About {
  model: ServiceModel;
  operation: OperationModel;
  verb: string;
  noun: readonly string[];
  /** `by name`: how it is found. */
  by: readonly string[];
  input: ComplexType | undefined;
}

function verbOf(word: string): Verb | undefined {
  const all: readonly Verb[] = ["get", "find", "create", "update", "delete"];
  return all.find((verb) => VERBS[verb].some((one) => one === word));
}

/** `/partners/{id}`, or of what is found by something else `/partners/by-name/{name}`. */
function one(about: About, method: "GET" | "PUT" | "DELETE"): Choice | undefined {
  const { operation, verb, noun, by, input } = about;
  const found = input === undefined ? undefined : identifier(about, input);
  if (found === undefined) return undefined;
  const capture = captureName(found.field.split(".").at(-1) ?? "");
  const way = isOther(found.field, by) ? `/${kebab(by)}` : "";
  const isPlain = found.field.toLowerCase() === capture.toLowerCase();
  const body = method === "PUT" ? onlyObject(about, found.field) : undefined;
  const bind = {
    ...(body === undefined ? {} : { body }),
    ...(isPlain ? {} : { path: { [capture]: found.field } }),
  };
  return {
    operation,
    method,
    path: `/${kebab(plural(noun))}${way}/{${capture}}`,
    ...(Object.keys(bind).length === 0 ? {} : { bind }),
    because: `\`${verb}\` with the field \`${found.field}\``,
  };
}

/** True if what it is found by is not its identifier. */
function isOther(field: string, by: readonly string[]): boolean {
  if (by.length === 0) return false;
  const words = wordsOf(field);
  return !(words.at(-1) === "id" || by.at(-1) === "id");
}

function many({ model, operation, verb, noun, input }: About): Choice | undefined {
  const fields = input === undefined ? [] : membersOf(input);
  const bindable = fields.every((member) => typeof parameterOf(model, { path: [member.name], member }) !== "string");
  if (!bindable) return undefined;
  // One thing without a field that says which is just that thing.
  const last = noun.at(-1) ?? "";
  const isOne = !isPlural(last) && fields.length === 0 && !["list", "find", "search"].includes(verb);
  return {
    operation,
    method: "GET",
    path: `/${kebab(isOne ? noun : plural(noun))}`,
    because: fields.length === 0 ? `\`${verb}\` without fields` : `\`${verb}\` with simple fields only`,
  };
}

function created(about: About): Choice {
  const { operation, verb, noun } = about;
  const body = onlyObject(about);
  return {
    operation,
    method: "POST",
    path: `/${kebab(plural(noun))}`,
    ...(body === undefined ? {} : { bind: { body } }),
    because: `\`${verb}\`${body === undefined ? "" : ` with the object \`${body}\``}`,
  };
}

/** The only field of the input beside an identifier, if it is an object. */
function onlyObject({ model, input }: About, beside = ""): string | undefined {
  const [only, ...others] = (input === undefined ? [] : membersOf(input)).filter(({ name }) => name !== beside);
  if (only === undefined || others.length > 0 || only.kind !== "element" || only.element.max !== 1) return undefined;
  return complexOf(model, only.element.type) === undefined ? undefined : only.name;
}

/** The field that says which one is meant: of the input, or of the only object in it. */
function identifier(about: About, input: ComplexType): { field: string } | undefined {
  const { model } = about;
  const own = named(about, input);
  if (own !== undefined) return { field: own };
  const object = onlyObject(about);
  const element = elementsOf(input.content).find(({ name }) => name === object);
  const type = element === undefined ? undefined : complexOf(model, element.type);
  const inner = type === undefined ? undefined : named(about, type);
  return inner === undefined ? undefined : { field: `${object}.${inner}` };
}

const KEYS = ["id", "number", "no", "nr", "code", "key", "uuid", "guid", "ref", "reference"];

function named({ model, noun, by }: About, type: ComplexType): string | undefined {
  const simple = elementsOf(type.content).filter((element) => isSingle(model, element));
  const nouns = noun.map(singular);
  const ranks: ((words: readonly string[]) => boolean)[] = [
    (words) => by.length > 1 && words.join() === by.slice(1).join(),
    (words) => words.join() === "id",
    (words) => KEYS.includes(words.at(-1) ?? "") && words.slice(0, -1).join() === nouns.join(),
    (words) => KEYS.includes(words.at(-1) ?? "") && nouns.includes(words.at(-2) ?? ""),
    (words) => words.length === 1 && KEYS.includes(words[0] ?? ""),
    (words) => words.join() === nouns.join() || words.at(-1) === "id",
  ];
  for (const fits of ranks) {
    const found = simple.find(({ name }) => fits(wordsOf(name)));
    if (found !== undefined) return found.name;
  }
  const required = simple.filter(({ name }) => isRequired(type, name));
  const [only, ...others] = required;
  return only !== undefined && others.length === 0 && membersOf(type).length === 1 ? only.name : undefined;
}

function isSingle(model: ServiceModel, element: ElementModel): boolean {
  const member = { kind: "element" as const, name: element.name, element };
  const value = parameterOf(model, { path: [element.name], member });
  return typeof value !== "string" && !value.repeated;
}

/** Statuses by words of the names of faults. */
const STATUSES: readonly [words: RegExp, status: number][] = [
  [/notfound|nosuch|unknown|missing|doesnotexist/i, 404],
  [/duplicate|exists|conflict|inuse|locked/i, 409],
  [/notallowed|forbidden|denied|unauthori|permission/i, 403],
  [/toomany|quota|limit/i, 429],
  [/unavailable|busy|maintenance|timeout/i, 503],
  [/internal|system|server|technical|backend|unexpected/i, 502],
];
/** The service understood, and said no. */
const REFUSED = 422;

/** Statuses of the declared faults of a service, by name. */
export function faultStatuses(model: ServiceModel): Record<string, number> {
  const names = [...new Set(model.operations.flatMap(({ faults }) => faults.map(({ name }) => name)))];
  return Object.fromEntries(
    names.map((name) => [name, STATUSES.find(([words]) => words.test(name.replace(/[^A-Za-z]/g, "")))?.[1] ?? REFUSED]),
  );
}
