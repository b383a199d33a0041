import { GOOD, type Row, spoilt } from "./row.js";

/** Members of every object of JavaScript, and words that tools take for something of their own. */
const RESERVED = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "valueOf",
  "__defineGetter__",
  "then",
];

/** Where a file has a name or key of its author's, written so that nothing else changes. */
const PLACES: readonly (readonly [where: string, write: (name: string) => string])[] = [
  ["a key of the file", (name) => `${GOOD}${name}: {}\n`],
  ["a listener", (name) => spoilt(["  public: {", `  ${name}: {`])],
  ["a service", (name) => spoilt(["  orders: {", `  ${name}: {`], ["to: orders", `to: ${name}`])],
  ["a consumer", (name) => spoilt(["  acme: {", `  ${name}: {`])],
  [
    "a tier and its rate",
    (name) =>
      spoilt(["tier: gold", `tier: ${name}`], ["rate: 10/minute", `rate: { ${name}: 1/second, default: 10/minute }`]),
  ],
  ["a group", (name) => spoilt(["[partners]", `[${name}]`])],
  ["a policy", (name) => spoilt(["  limit: {", `  ${name}: {`], ["access, limit]", `access, ${name}]`])],
  ["a policy that is not there", (name) => spoilt(["access, limit]", `access, ${name}]`])],
  ["a service that is not there", (name) => spoilt(["to: orders", `to: ${name}`])],
  ["a kind", (name) => spoilt(["{ rateLimit: {", `{ ${name}: {`])],
  ["a kind beside another", (name) => spoilt(["{ rateLimit: {", `{ ${name}: 1, rateLimit: {`])],
  ["a key of a kind", (name) => spoilt(["{ key: [source.ip],", `{ ${name}: [source.ip],`])],
  ["a rule", (name) => spoilt(["name: readers", `name: ${name}`])],
  ["a route", (name) => spoilt(["name: orders", `name: ${name}`])],
  ["a key of a route", (name) => spoilt(["timeout: 2s", `${name}: 2s`])],
  ["a header of a match", (name) => spoilt(["x-version:", `${name}:`])],
  ["a header of an answer", (name) => spoilt(["x-from:", `${name}:`])],
  ["a header of a credential", (name) => spoilt(["x-api-key", name])],
  ["a segment of a path", (name) => spoilt(["path: /hello", `path: "/{${name}}"`])],
  ["an attribute", (name) => spoilt(["request.method ==", `request.${name} ==`])],
  ["an attribute at the top", (name) => spoilt(["request.method ==", `${name} ==`])],
  ["a header of an expression", (name) => spoilt(["request.method ==", `request.headers["${name}"] ==`])],
  ["a function", (name) => spoilt(["request.method ==", `${name}(request.method) ==`])],
  ["a method of an expression", (name) => spoilt(["request.method ==", `request.method.${name}() ==`])],
  ["a key of a limit", (name) => spoilt(["[source.ip]", `[${name}]`])],
  ["a variable", (name) => spoilt(["env:ACME_KEY", `env:${name}`])],
];

/** Names that look like others, or are not seen. */
const LOOKALIKES: readonly (readonly [string, string])[] = [
  ["a Cyrillic letter", "\u043erders"],
  ["an override of the writing direction", "orders\u202egnp.exe"],
  ["an isolate of the writing direction", "\u2066orders"],
  ["a space without width", "ord\u200bers"],
  ["a soft hyphen", "ord\u00aders"],
  ["a joiner", "ord\u200ders"],
  ["a letter and its accent apart", "orde\u0301rs"],
  ["full width", "ｏｒｄｅｒｓ"],
  ["a tag character", "orders\u{e0041}"],
  ["a variation selector", "orders\ufe0f"],
  ["a Kelvin sign", "\u212aeys"],
  ["capitals", "Orders"],
  ["an underscore", "or_ders"],
  ["a dash in front", "-orders"],
  ["a dot", "orders.v2"],
  ["a slash", "orders/readers"],
  ["64 letters", "o".repeat(64)],
  ["100,000 letters", "o".repeat(100_000)],
  ["a line break", '"orders\\nx"'],
  ["CR LF and a header", '"orders\\r\\nset-cookie: a=b"'],
  ["NUL", '"orders\\0"'],
  ["a colour of a terminal", '"orders\\e[31m"'],
  ["a percent sign", "'%ROUTE_NAME%'"],
  ["braces", "'{{name}}'"],
  ["a dollar", "'\u0024{HOME}'"],
  ["nothing", "''"],
];

/** Keys that stand in the file themselves: they must not be shown, and whatever they are made of, not be in the way. */
const SECRETS = [
  ...[
    "a-b",
    "hunter2",
    "a.b*",
    "(((",
    "[a-z]",
    "$&",
    "\\\\d",
    "a|b",
    "^a$",
    "{1}",
    "/x/",
    "-",
    "\u202eabc",
    "\u{1f600}",
    "%REQ(x)%",
    "x".repeat(100_000),
  ],
];

export const names: readonly Row[] = [
  ...SECRETS.flatMap((secret): Row[] => [
    { name: `the key ${secret.slice(0, 20)} itself`, policy: spoilt(["env:ACME_KEY", JSON.stringify(secret)]) },
    {
      name: `the key ${secret.slice(0, 20)} for a mapping`,
      policy: spoilt(["[{ apiKey: env:ACME_KEY }]", JSON.stringify(secret)]),
    },
    {
      name: `the key ${secret.slice(0, 20)} as a key`,
      policy: spoilt(["env:ACME_KEY", `{ ${JSON.stringify(secret)}: 1 }`]),
    },
  ]),
  ...RESERVED.flatMap((name) =>
    PLACES.map(([where, write]): Row => ({ name: `${name} as ${where}`, policy: write(name) })),
  ),
  ...LOOKALIKES.flatMap(([what, name]): Row[] => [
    { name: `a route named with ${what}`, policy: spoilt(["name: orders", `name: ${name}`]) },
    { name: `a service named with ${what}`, policy: spoilt(["  orders: {", `  ${name}: {`]) },
    { name: `a service meant with ${what}`, policy: spoilt(["to: orders", `to: ${name}`]) },
    { name: `a header named with ${what}`, policy: spoilt(["x-from:", `${name}:`]) },
    { name: `an unknown key with ${what}`, policy: spoilt(["timeout:", `${name}:`]) },
  ]),
  { name: "63 letters", policy: spoilt(["name: orders", `name: ${"o".repeat(63)}`]) },
];
