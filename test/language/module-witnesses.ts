import { allowing, configurationOf, digestOf, limiting, partnersOnly } from "../support/module-policies.js";

// For each sort of fault that no schema can see, a configuration of guard.wasm that has it and nothing else.

const rate = { count: 1, periodMs: 1000, burst: 1 };
const limit = limiting("limit", rate);
const withLimit = (more: Readonly<Record<string, unknown>>) =>
  configurationOf([partnersOnly, limiting("limit", rate, more)]);
const withKey = (...keys: string[]) =>
  configurationOf([partnersOnly], {
    consumers: [{ name: "a", credentials: keys.map((apiKey) => ({ apiKey })) }],
  });
const text = (value: unknown) => JSON.stringify(value);
const empty = configurationOf([]);

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

/** What the module says, and the text that makes it say so. */
export const WITNESSES: readonly (readonly [message: string, text: string])[] = [
  ["the configuration is not strict JSON, at byte 14", `{"version":1,"version":1,${text(empty).slice(1)}`],
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
  ["consumers: have too many credentials", text(configurationOf([], { consumers: manyCredentials }))],
  [
    "consumers[0].credentials[1].apiKey: is a key that a consumer already has",
    text(withKey(digestOf("k"), digestOf("k"))),
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
