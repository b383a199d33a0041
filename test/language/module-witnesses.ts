import { allowing, configurationOf, digestOf, limiting, partnersOnly } from "../support/module-policies.js";
import { TOKEN_KEYS } from "../support/token-keys.js";

// For each sort of fault that no schema can see, a configuration that has it and nothing else.

const rate = { count: 1, periodMs: 1000, burst: 1 };
const limit = limiting("limit", rate);
const withLimit = (more: Readonly<Record<string, unknown>>) =>
  configurationOf([partnersOnly, limiting("limit", rate, more)]);
const withKey = (...keys: string[]) =>
  configurationOf([partnersOnly], {
    consumers: [{ name: "a", credentials: keys.map((apiKey) => ({ apiKey })) }],
  });
const withSubjects = (...subjects: string[]) =>
  configurationOf([partnersOnly], {
    consumers: subjects.map((subject, index) => ({ name: `c${index}`, credentials: [{ jwt: { subject } }] })),
  });
const token = { issuer: "i", audiences: ["a"], algorithms: ["RS256"], keys: [TOKEN_KEYS.rsa.jwk] };
const published = { cluster: "idp", authority: "idp", path: "/jwks", refreshMs: 10_000, maxStaleMs: 20_000 };
const withToken = (more: object) =>
  configurationOf([{ name: "a", authenticate: { realm: "r", anyOf: [{ jwt: { ...token, ...more } }] } }]);
const text = (value: unknown) => JSON.stringify(value);
const empty = configurationOf([]);
const tracing = (more: object) => ({ name: "trace", tracing: { propagate: ["w3c"], ratio: 0, ...more } });

function nested(depth: number): unknown {
  return depth === 0 ? true : ["!", nested(depth - 1)];
}

/** Constants that are all on the stack at once, without nesting. */
function wide(operands: number): unknown {
  return ["&&", ...Array.from({ length: operands }, () => ["==", "a", "b"])];
}

const manyLimits = Array.from({ length: 17 }, (_, index) => limiting(`limit-${index}`, rate, { key: [] }));
const manyHeaders = Array.from({ length: 257 }, (_, index) => ["has", ["get", "request.headers", `x-${index}`]]);
const manyCredentials = Array.from({ length: 2_100 }, (_, index) => ({
  name: `c${index}`,
  credentials: Array.from({ length: 64 }, () => ({ apiKey: digestOf("k") })),
}));
const manyRules = {
  name: "rules",
  authorize: {
    rules: Array.from({ length: 1_000 }, (_, index) => ({
      name: `r-${index}`,
      allow: ["in", 1, ["list", ...Array.from({ length: 4_000 }, () => 1)]],
    })),
    otherwise: "deny",
  },
};

type Witness = readonly [message: string, text: string];

/** What guard.wasm says, and the text that makes it say so. */
const ofGuard: readonly Witness[] = [
  ["the configuration is not strict JSON, at byte 14", `{"version":1,"version":1,${text(empty).slice(1)}`],
  [
    'clusters[1].name: there already is a cluster "a"',
    text({
      ...empty,
      clusters: [
        { name: "a", service: "b" },
        { name: "a", service: "c" },
      ],
    }),
  ],
  ["the configuration is larger than 16 MiB", `${text(empty)}${" ".repeat(16 << 20)}`],
  ["version: must be an integer", text(empty).replace('"version":1', '"version":1.0')],
  ["routes[0].name: is too long", text(configurationOf([], { routes: [{ name: "é".repeat(1000), run: [] }] }))],
  ["needs more memory than the module may have", text(configurationOf([manyRules]))],
  [
    'consumers[1].name: there already is a consumer "a"',
    text(configurationOf([], { consumers: [1, 2].map(() => ({ name: "a", credentials: [] })) })),
  ],
  [
    "policies[1].rateLimit.rates[1].tier: has a rate already",
    text(withLimit({ rates: [1, 2].map((burst) => ({ tier: "a", ...rate, burst })) })),
  ],
  [
    "policies[1].rateLimit.default.windows[1]: is a second window of the same period",
    text(withLimit({ default: { windows: [rate, { ...rate, burst: 3 }] } })),
  ],
  [
    "policies[0].authorize.rules[1]: has the name of a rule before it",
    text(
      configurationOf([
        {
          name: "a",
          authorize: {
            rules: [
              { name: "r", allow: true },
              { name: "r", deny: true },
            ],
            otherwise: "deny",
          },
        },
      ]),
    ),
  ],
  [
    'results: must be "filterState" where a signature covers content-digest: nobody behind would compare it',
    text(
      configurationOf(
        [
          {
            name: "signed",
            authenticate: {
              realm: "shop",
              anyOf: [{ hmac: { components: ["content-digest"], maxAge: 1, nonces: 0 } }],
            },
          },
        ],
        { results: "headers" },
      ),
    ),
  ],
  ["consumers: have too many credentials", text(configurationOf([], { consumers: manyCredentials }))],
  [
    "consumers[0].credentials[1].apiKey: is a key that a consumer already has",
    text(withKey(digestOf("k"), digestOf("k"))),
  ],
  ["consumers[1].credentials[0].jwt.subject: is a subject that a consumer already is", text(withSubjects("a", "a"))],
  [
    "policies[0].authenticate.anyOf[0].jwt.claimsToHeaders[1]: has a header that is listed already",
    text(
      withToken({
        claimsToHeaders: [
          { claim: "a", header: "x-a" },
          { claim: "b", header: "x-a" },
        ],
      }),
    ),
  ],
  [
    "policies[0].authenticate.anyOf[0].jwt.jwks.maxStaleMs: must be longer than refreshMs",
    text(withToken({ keys: undefined, jwks: { ...published, maxStaleMs: 10_000 } })),
  ],
  [
    "policies[0].authenticate.anyOf[0].jwt.algorithms: must be of public keys, as a service publishes no secrets",
    text(withToken({ keys: undefined, jwks: published, algorithms: ["HS256"] })),
  ],
  [
    "policies[64].authenticate.anyOf[0].jwt.jwks: is one set of keys too many",
    text(
      configurationOf(
        Array.from({ length: 65 }, (_, index) => ({
          name: `p${index}`,
          authenticate: { realm: "r", anyOf: [{ jwt: { ...token, keys: undefined, jwks: published, cache: 0 } }] },
        })),
        { routes: [{ name: "r", run: [] }] },
      ),
    ),
  ],
  [
    "policies[0].authenticate.anyOf[0].jwt.keys[0]: is a key with another exponent than 3 and 65537",
    text(withToken({ keys: [{ ...TOKEN_KEYS.rsa.jwk, e: "EQ" }] })),
  ],
  [
    'consumers[0].credentials[0].apiKey: the environment variable is not set, or not let through to the module: "env:NONE"',
    text(withKey("env:NONE")),
  ],
  [
    'routes[0].run[0]: no policy is named "other"',
    text(configurationOf([], { routes: [{ name: "r", run: ["other"] }] })),
  ],
  [
    "routes[0].run[1]: is a second authenticate",
    text(configurationOf([partnersOnly, { ...partnersOnly, name: "again" }])),
  ],
  ["routes[0].run[1]: must come before authorize", text(configurationOf([allowing(true), partnersOnly]))],
  [
    "routes[0].run[0]: counts by who calls, and no authenticate comes before it",
    text(configurationOf([limit, partnersOnly])),
  ],
  ["routes[0].run[16]: is one limit too many beside each other", text(configurationOf(manyLimits))],
  [
    "policies[1].rateLimit.default.count: is more than a million a second",
    text(withLimit({ default: { ...rate, count: 1_000_001 } })),
  ],
  [
    "policies[1].rateLimit.default.burst: is too large for this rate",
    text(withLimit({ default: { count: 1, periodMs: 86_400_000, burst: 1_000_000_000 } })),
  ],
  [
    'policies[0].tracing.tags[1].name: there already is a tag "a"',
    text(configurationOf([tracing({ tags: [1, 2].map((value) => ({ name: "a", value })) })])),
  ],
  [
    "policies[0].tracing.export: is the number of no exporter",
    text(configurationOf([tracing({ perSecond: 1, export: 0 })])),
  ],
  [
    "policies[0].tracing.always.when[1]: is the number of no condition",
    text(configurationOf([tracing({ always: { noted: [], when: ["noted", 0] } })])),
  ],
  [
    "routes[0].run[1]: must come first, as it traces all that follows",
    text(configurationOf([partnersOnly, tracing({})])),
  ],
  [
    "policies[0].authorize.rules[0].allow[257][1][2]: is one name too many",
    text(configurationOf([allowing(["||", ...manyHeaders])])),
  ],
  [
    "policies[0].authorize.rules[0].allow[2]: must be a range of addresses, such as 10.0.0.0/8, with nothing after its prefix",
    text(configurationOf([allowing(["cidr", ["get", "source.ip"], "10.0.0.1/8"])])),
  ],
  [
    "policies[0].authorize.rules[0].allow[2]: must be an automaton in base64",
    text(configurationOf([allowing(["matches", "a", "AAAA"])])),
  ],
  [
    "policies[0].authorize.rules[0].allow[1366]: has too many operations",
    text(configurationOf([allowing(wide(1_400))])),
  ],
  ["the configuration is not strict JSON, at byte 691", text(configurationOf([allowing(nested(70))]))],
];

/** A policy of the body stage whose only operation has an input of one type. */
function soapPolicy(more: object = {}, operation: object = {}): object {
  const input = { name: "Do", type: 0 };
  return {
    namespaces: ["urn:a"],
    simples: [{ json: "number", form: "integer" }],
    types: [typeOf({ group: "sequence", span: 1 }, leaf)],
    operations: [{ name: "Do", version: "1.1", pin: "p/Do", input, ...operation }],
    limits: { request: 1024, response: 1024, depth: 8, attributes: 8, name: 64, namespaces: 8 },
    ...more,
  };
}

const leaf = { name: "a", simple: 0 };
function typeOf(...content: object[]): object {
  return { content };
}
const listed = { json: "number", form: "list" };
const union = { json: "number", form: "union" };

/** The fault is at a place of the first policy. */
function inSoap(fault: string, more: object, operation: object = {}): Witness {
  const policies = [{ name: "crm", soap: soapPolicy(more, operation) }];
  return [`policies[0].soap.${fault}`, text({ version: 1, policies })];
}

const inParams = (fault: string, ...params: object[]) => inSoap(`operations[0].${fault}`, {}, { params });
const inTypes = (fault: string, ...types: object[]) => inSoap(`types${fault}`, { types });

/** The same of body.wasm. */
const ofBody: readonly Witness[] = [
  [
    'policies[1]: there already is a policy "crm"',
    text({ version: 1, policies: [1, 2].map(() => ({ name: "crm", soap: soapPolicy() })) }),
  ],
  inSoap("operations[0].input.type: refers to nothing", {}, { input: { name: "Do", type: 1 } }),
  inSoap("simples[0].patterns[0]: must be an automaton in base64", {
    simples: [{ json: "string", form: "string", patterns: ["AAAA"] }],
  }),
  inSoap("simples[0]: is a list of lists", { simples: [1, 0].map((item) => ({ ...listed, item })) }),
  inSoap("simples[0]: is a union of what is no plain type", {
    simples: [1, 0].map((one) => ({ ...union, members: [one] })),
  }),
  inTypes("[0].attributes[0].fixed: is no value of its type", { attributes: [{ ...leaf, fixed: "x" }] }),
  inTypes(
    "[1]: has a default or fixed value that is none of its type",
    {},
    typeOf({ group: "all", span: 1 }, { name: "a", type: 0, default: "x" }),
  ),
  inTypes(
    "[0].content[1]: must occur more often than it may",
    typeOf({ group: "all", span: 1 }, { ...leaf, min: 3, max: 2 }),
  ),
  inTypes("[0].content: must begin with a group that spans all the rest", typeOf(leaf)),
  inTypes(
    "[0].content: has a group that goes beyond the group around it",
    typeOf({ group: "all", span: 3 }, { group: "choice", span: 1 }, { group: "choice", span: 1 }, leaf),
  ),
  inTypes("[0]: has two elements of one name", typeOf({ group: "all", span: 2 }, leaf, leaf)),
  inTypes("[0]: has two attributes of one name", { attributes: [leaf, leaf] }),
  inSoap("namespaces[0]: has a character that XML cannot have", { namespaces: ["urn:\u0001"] }),
  inSoap("operations[1]: has the name of an operation before it", {
    operations: [1, 2].map(() => ({ name: "Do", version: "1.1", pin: "p/Do" })),
  }),
  inParams(
    "params[1]: has the query of a parameter before it",
    { query: "q", field: ["a"] },
    { query: "q", field: ["a"] },
  ),
  inParams("params[0].field[0]: names no member of the input", { query: "q", field: ["b"] }),
  inParams("params[0].field[1]: lies in what is no object", { query: "q", field: ["a", "b"] }),
  inParams("params[0].field: takes one value only", { query: "q", field: ["a"], repeated: true }),
  inParams("params[1].field: is bound twice", { segment: 0, field: ["a"] }, { query: "q", field: ["a"] }),
  inSoap(
    "operations[0].params[0].field: leads to what is no simple value",
    { types: [typeOf({ group: "all", span: 1 }, { name: "a", type: 1 }), {}] },
    { params: [{ query: "q", field: ["a"] }] },
  ),
  inSoap('security.user: the environment variable is not set, or not let through to the module: "env:NONE"', {
    security: { user: "env:NONE", password: "env:NONE" },
  }),
];

/** For a module: what it says, and the text that makes it say so. */
export const WITNESSES: readonly (readonly [module: "guard" | "body", ...Witness])[] = [
  ...ofGuard.map((one) => ["guard", ...one] as const),
  ...ofBody.map((one) => ["body", ...one] as const),
];
