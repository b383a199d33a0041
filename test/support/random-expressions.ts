import fc from "fast-check";
import { ATTRIBUTES, written } from "../../compiler/expression/attributes.js";
import { AMBIGUOUS, type Environment } from "../../compiler/expression/evaluate.js";

/** An expression of the language, and the same in the words of plain CEL where those differ. */
export interface Sample {
  readonly text: string;
  readonly cel: string;
}

/** A request as a client and Envoy make it, with what the gateway found out about it. */
export interface RandomRequest {
  readonly method: string;
  /** As Envoy normalised it, without the query. */
  readonly path: string;
  /** What stands after the `?`, if there is one. */
  readonly query: string | undefined;
  readonly host: string;
  readonly scheme: string;
  readonly protocol: string;
  readonly id: string | undefined;
  /** In order; names in lower case; without cookies. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Values of the Cookie headers. */
  readonly cookies: readonly string[];
  /** Value of the Content-Length header. */
  readonly size: number | undefined;
  /** Whether nothing follows the headers. */
  readonly ends: boolean;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly source: { readonly ip: string; readonly port: number };
  readonly route: { readonly name: string; readonly params: Readonly<Record<string, number>> };
  readonly caller:
    | {
        readonly consumer: string;
        readonly tier: string | undefined;
        readonly groups: readonly string[];
        readonly method: string;
      }
    | undefined;
}

// Small pools, so that expressions and requests meet.
const WORDS = ["", "a", "b", "ab", "abc", "A", "aB", "7", "-3", "007", "10.0.0.1", "ä", "b😀"] as const;
/** Words that a header can have: Envoy refuses none of these. */
const FIELD_VALUES = WORDS.filter((word) => word !== "");
const ADDRESSES = ["10.0.0.1", "10.1.2.3", "192.168.1.9", "2001:db8::1", "::1", "::ffff:10.0.0.1"] as const;
const BLOCKS = ["10.0.0.0/8", "10.0.0.1/32", "192.168.0.0/16", "0.0.0.0/0", "2001:db8::/32", "::/0"] as const;
const PATTERNS = ["a", "^a", "b$", "^(ab)+c?$", "[0-9]+", "^.$", "(?i)AB", "^[^a]*$", "ä|😀", "\\bab\\b"] as const;
const TIMES = ["2026-01-01T00:00:00Z", "2026-06-15T12:30:00.250Z", "2027-01-01T00:00:00+01:00"] as const;
const INTS = [-3, 0, 1, 2, 7, 10, 8080] as const;
const NAMES = ["x", "y"] as const;

/** Attributes that read a value by its name, with the names that expressions and requests use. */
export const NAMED: readonly (readonly [attribute: string, name: string])[] = [
  ...NAMES.map((name) => ["request.headers", `x-${name}`] as const),
  ...NAMES.map((name) => ["request.query", name] as const),
  ...NAMES.map((name) => ["request.cookies", name] as const),
  ...NAMES.map((name) => ["route.params", name] as const),
];

/** Attributes that some request of `request` below has. */
export const PROVIDED: readonly string[] = ATTRIBUTES.filter(
  ({ availability, name }) =>
    !["operation", "response"].includes(availability) && !/^auth\.(claims|issuer|scopes|subject)$/.test(name),
).map(({ name }) => name);

const plain = (text: string): Sample => ({ text, cel: text });
/** Joins samples as the tag of a template. */
function join(parts: TemplateStringsArray, ...samples: readonly Sample[]): Sample {
  const fill = (of: (sample: Sample) => string) =>
    parts.map((part, index) => part + (samples[index] === undefined ? "" : of(samples[index]))).join("");
  return { text: fill(({ text }) => text), cel: fill(({ cel }) => cel) };
}

const literal = fc.constantFrom(...WORDS).map((word) => plain(JSON.stringify(word)));
const number = fc.constantFrom(...INTS).map((int) => plain(String(int)));
const named = fc.constantFrom(...NAMED).map(([attribute, name]) => plain(written(attribute, name)));
const stringAttribute = fc.oneof(
  named,
  fc
    .constantFrom(
      ...ATTRIBUTES.filter(
        ({ name, type, argument }) => type === "string" && argument === "none" && PROVIDED.includes(name),
      ),
    )
    .map(({ name }) => plain(name)),
);
const intAttribute = fc.constantFrom("request.size", "source.port").map(plain);
const equality = fc.constantFrom("==", "!=").map(plain);
const comparison = fc.constantFrom("==", "!=", "<", "<=", ">", ">=").map(plain);

/** CEL's `has` takes no index, and tells ambiguous values apart from none in no way: so it is asked of a list. */
const has = fc.oneof(
  fc
    .constantFrom(...PROVIDED.filter((name) => !NAMED.some(([attribute]) => attribute === name)))
    .map((name) => ({ text: `has(${name})`, cel: `${JSON.stringify(name)} in present` })),
  fc.constantFrom(...NAMED).chain(([attribute, name]) => {
    const key = written(attribute, name);
    const cel = `${JSON.stringify(key)} in present`;
    const membership = `${JSON.stringify(name)} in ${attribute}`;
    return fc.constantFrom(
      { text: `has(${key})`, cel },
      { text: attribute === "route.params" ? `has(${key})` : membership, cel },
    );
  }),
);

const list = (items: fc.Arbitrary<Sample>, minLength: number) =>
  fc.array(items, { minLength, maxLength: 3 }).map((all) => plain(`[${all.map(({ text }) => text).join(", ")}]`));

type Kinds = { bool: Sample; string: Sample; int: Sample };

const { bool, string, int } = fc.letrec<Kinds>((tie) => {
  const [condition, text, whole] = [tie("bool"), tie("string"), tie("int")];
  return {
    string: fc.oneof(
      { maxDepth: 4, depthIdentifier: "expression", withCrossShrink: true },
      { weight: 3, arbitrary: stringAttribute },
      { weight: 2, arbitrary: literal },
      text.map((operand) => join`(${operand}).lowerAscii()`),
      whole.map((operand) => join`string(${operand})`),
      condition.map((operand) => join`string(${operand})`),
      fc.tuple(condition, text, text).map(([when, yes, no]) => join`(${when} ? ${yes} : ${no})`),
    ),
    int: fc.oneof(
      { maxDepth: 4, depthIdentifier: "expression", withCrossShrink: true },
      { weight: 2, arbitrary: intAttribute },
      { weight: 2, arbitrary: number },
      stringAttribute.map((operand) => join`int(${operand})`),
      text.map((operand) => join`size(${operand})`),
      fc.constant(plain("auth.groups.size()")),
      fc.tuple(condition, whole, whole).map(([when, yes, no]) => join`(${when} ? ${yes} : ${no})`),
    ),
    bool: fc.oneof(
      { maxDepth: 5, depthIdentifier: "expression", withCrossShrink: true },
      fc.constantFrom("true", "false").map(plain),
      has,
      fc.tuple(text, comparison, text).map(([a, sign, b]) => join`${a} ${sign} ${b}`),
      fc.tuple(whole, comparison, whole).map(([a, sign, b]) => join`${a} ${sign} ${b}`),
      fc.tuple(condition, equality, condition).map(([a, sign, b]) => join`(${a}) ${sign} (${b})`),
      fc
        .tuple(comparison, fc.constantFrom(...TIMES))
        .map(([sign, time]) => join`request.time ${sign} ${plain(`timestamp("${time}")`)}`),
      fc.tuple(text, fc.oneof(fc.constant(plain("auth.groups")), list(literal, 0))).map(([a, b]) => join`${a} in ${b}`),
      fc.tuple(whole, list(number, 1)).map(([a, b]) => join`${a} in ${b}`),
      fc
        .tuple(
          text,
          fc.constantFrom("startsWith", "endsWith", "contains").map(plain),
          fc.oneof(
            { weight: 2, arbitrary: fc.constantFrom("", "a", "b", "/", "h").map((part) => plain(`"${part}"`)) },
            text,
          ),
        )
        .map(([a, name, b]) => join`(${a}).${name}(${b})`),
      fc
        .tuple(text, fc.constantFrom(...PATTERNS))
        .map(([a, pattern]) => join`(${a}).matches(${plain(JSON.stringify(pattern))})`),
      fc
        .tuple(fc.oneof(fc.constant(plain("source.ip")), text), fc.constantFrom(...BLOCKS))
        .map(([a, block]) => join`cidr(${a}, ${plain(JSON.stringify(block))})`),
      condition.map((operand) => join`!(${operand})`),
      fc.tuple(condition, condition, condition).map(([when, yes, no]) => join`((${when}) ? ${yes} : ${no})`),
      fc
        .tuple(fc.constantFrom(" && ", " || "), fc.array(condition, { minLength: 2, maxLength: 4 }))
        .map(([operator, operands]) => ({
          text: operands.map((operand) => `(${operand.text})`).join(operator),
          cel: operands.map((operand) => `(${operand.cel})`).join(operator),
        })),
    ),
  };
});

/** Well-typed expressions that give a bool, a string, an int. */
export const randomExpression = { bool, string, int };

/** `=`, `;` and the like are made by the parts; these are what a client may put there. */
const RAW = [
  "a",
  "b",
  "ab",
  "abc",
  "7",
  "%61",
  "a%20b",
  "+",
  "%C3%A4",
  "%",
  "%2",
  "%GG",
  "%FF",
  "%00",
  "\u00e4",
] as const;
const pairs = (separator: string, values: readonly string[], noise: readonly string[]) =>
  fc
    .array(
      fc.oneof(
        {
          weight: 4,
          arbitrary: fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...values)).map((pair) => pair.join("=")),
        },
        { weight: 1, arbitrary: fc.constantFrom(...noise) },
      ),
      { maxLength: 4 },
    )
    .map((all) => all.join(separator));

const field = fc.constantFrom(...FIELD_VALUES);

const cookies = pairs("; ", ["a", "ab", '"a"', "%61", "7", ""], ["x", "z=1", "=a", " y=b", "x =a", "y= a"]);

/** Requests over the same names and words; values may be missing, given twice or in no valid encoding. */
export const randomRequest: fc.Arbitrary<RandomRequest> = fc.record({
  method: fc.constantFrom("GET", "POST", "a", "ab"),
  path: fc
    .array(fc.constantFrom("a", "b", "ab", "abc", "7", "%C3%A4", "a%20b", "%FF", "%ZZ"), { minLength: 1, maxLength: 3 })
    .map((segments) => `/${segments.join("/")}`),
  query: fc.option(
    pairs(
      "&",
      RAW.filter((raw) => raw !== "\u00e4"),
      ["x", "%78=a", "=a", "", "z=1", "%=1", "y=a=b"],
    ),
    { nil: undefined },
  ),
  host: fc.constantFrom("a", "ab", "abc", "10.0.0.1", "abc@a"),
  scheme: fc.constantFrom("http", "https"),
  protocol: fc.constantFrom("HTTP/1.1", "HTTP/2"),
  id: fc.option(field, { nil: undefined }),
  headers: fc.array(fc.tuple(fc.constantFrom(...NAMES.map((name) => `x-${name}`)), field), { maxLength: 3 }),
  cookies: fc.oneof({ weight: 5, arbitrary: cookies.map((one) => [one]) }, fc.array(cookies, { maxLength: 2 })),
  size: fc.option(fc.constantFrom(0, 1, 2, 7, 10, 8080), { nil: undefined }),
  ends: fc.boolean(),
  time: fc.constantFrom(...TIMES.map((time) => Date.parse(time)), 0, 1_800_000_000_000),
  source: fc.record({ ip: fc.constantFrom(...ADDRESSES), port: fc.constantFrom(1, 7, 8080) }),
  route: fc.record({
    name: fc.constantFrom("a", "ab", "abc"),
    params: fc.constantFrom<Record<string, number>>({}, { x: 0 }, { x: 0, y: 1 }, { y: 2 }),
  }),
  caller: fc.option(
    fc.record({
      consumer: fc.constantFrom("a", "ab", "abc"),
      tier: fc.option(fc.constantFrom("a", "b", "7"), { nil: undefined }),
      groups: fc.uniqueArray(fc.constantFrom("a", "b", "ab"), { maxLength: 3 }),
      method: fc.constant("apiKey"),
    }),
    { nil: undefined },
  ),
});

/** What the attributes of a request are, after the words of filters/modules/README.md and nothing else. */
export function environmentOf(request: RandomRequest): Environment {
  return (name, argument = "") => {
    const { caller } = request;
    switch (name) {
      case "request.method":
        return request.method;
      case "request.path":
        return request.path;
      case "request.host":
        return request.host.includes("@") ? AMBIGUOUS : request.host;
      case "request.scheme":
        return request.scheme;
      case "request.protocol":
        return request.protocol;
      case "request.id":
        return request.id;
      case "request.size":
        return request.size ?? (request.ends ? 0 : undefined);
      case "request.time":
        return request.time;
      case "request.headers":
        return only(request.headers.filter(([header]) => header === argument).map(([, value]) => value));
      case "request.query":
        return parameter(request.query ?? "", argument);
      case "request.cookies":
        return cookie(request.cookies, argument);
      case "source.ip":
        return request.source.ip;
      case "source.port":
        return request.source.port;
      case "route.name":
        return request.route.name;
      case "route.params": {
        const index = request.route.params[argument];
        const segment = index === undefined ? undefined : request.path.slice(1).split("/")[index];
        return segment === undefined ? undefined : (decoded(segment) ?? AMBIGUOUS);
      }
      case "auth.consumer":
        return caller?.consumer;
      case "auth.tier":
        return caller?.tier;
      case "auth.groups":
        return caller?.groups;
      case "auth.method":
        return caller?.method;
      default:
        return undefined;
    }
  };
}

/** The one value of a name; several are ambiguous. */
function only(values: readonly string[]): string | typeof AMBIGUOUS | undefined {
  return values.length > 1 ? AMBIGUOUS : values[0];
}

/** A name that cannot be decoded may be any name to the service, so then no parameter is sure. */
function parameter(query: string, name: string): string | typeof AMBIGUOUS | undefined {
  const parameters = query.split("&").map((part) => {
    const [key = "", ...rest] = part.split("=");
    return { key: decoded(key.replaceAll("+", " ")), value: rest.join("=") };
  });
  if (parameters.some(({ key }) => key === undefined)) return AMBIGUOUS;
  const value = only(parameters.filter(({ key }) => key === name).map((one) => one.value));
  return typeof value === "string" ? (decoded(value.replaceAll("+", " ")) ?? AMBIGUOUS) : value;
}

/** Percent-decoding (RFC 3986, section 2.1); undefined for an invalid encoding or what is not UTF-8. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * RFC 6265, section 4.2.1; the value stays as it was sent. What its grammar does not have, services read in different
 * ways: a name without `=`, white space beside the `=`, a second Cookie header.
 */
function cookie(headers: readonly string[], name: string): string | typeof AMBIGUOUS | undefined {
  if (headers.length > 1) return AMBIGUOUS;
  const values = (headers[0] ?? "")
    .split(";")
    .map((pair) => /^[ \t]*(?<name>[^=]*?)(?<space>[ \t]*)(?:=(?<value>.*?))?[ \t]*$/s.exec(pair)?.groups ?? {})
    .filter((pair) => pair.name === name)
    .map(({ space, value }) => (value === undefined || space !== "" || /^[ \t]/.test(value) ? AMBIGUOUS : value));
  return values.length > 1 ? AMBIGUOUS : values[0];
}
