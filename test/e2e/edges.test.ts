import { expect, test } from "vitest";
import { workFolder } from "../../compiler/cli/envoy.js";
import { checkText } from "../../compiler/index.js";
import { validateConfig } from "../../compiler/runtime/process.js";
import { DEFAULT_OPTIONS } from "../../compiler/targets/envoy/options.js";
import { requireEnvoy } from "../support/envoy.js";
import { bootstrapText, randomSecrets } from "./support/serve.js";

/** A policy with these parts; one route applies the policies that are named, more routes may follow. */
function policyText(parts: { consumers?: string; policies: string[]; apply?: string[]; routes?: string[] }): string {
  return [
    "apiVersion: sluice/v1",
    "kind: Gateway",
    "name: edges",
    "listeners: { public: { address: 127.0.0.1:8080 } }",
    ...(parts.consumers === undefined ? [] : [`consumers: { acme: { ${parts.consumers} } }`]),
    "policies:",
    ...parts.policies.map((policy) => `  ${policy}`),
    "routes:",
    `  - { name: all, match: { path: /all }, respond: { status: 200 }, apply: [${(parts.apply ?? []).join(", ")}] }`,
    ...(parts.routes ?? []).map((route) => `  - ${route}`),
    "",
  ].join("\n");
}

const key = "credentials: [{ apiKey: env:ACME_KEY }]";
const times = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => make(index));
const limit = (rateLimit: string) => policyText({ policies: [`one: { rateLimit: ${rateLimit} }`], apply: ["one"] });
const oneEach = (count: number, policy: (index: number) => string, consumers?: string) =>
  policyText({
    ...(consumers === undefined ? {} : { consumers }),
    policies: times(count, (n) => `p${n}: ${policy(n)}`),
    routes: times(count, (n) => `{ name: r${n}, match: { path: /r${n} }, respond: { status: 200 }, apply: [p${n}] }`),
  });
const rules = (list: string[]) =>
  policyText({ policies: [`one: { authorize: { rules: [${list.join(", ")}] } }`], apply: ["one"] });

const edges: [name: string, text: string, verdict: "taken" | "refused"][] = [
  ["the fewest slots", limit("{ rate: 5/second, store: { slots: 1024 } }"), "taken"],
  ["the most slots", limit("{ rate: 5/second, store: { slots: 1048576 } }"), "taken"],
  ["a number of slots that is no power of two", limit("{ rate: 5/second, store: { slots: 1500 } }"), "refused"],
  ["a period of a month", limit("{ rate: 100 per 31d }"), "taken"],
  ["a period of a month and a day", limit("{ rate: 100 per 32d }"), "refused"],
  ["a billion a day", limit("{ rate: 999999999/day }"), "taken"],
  ["a million a second", limit("{ rate: 1000000/second }"), "taken"],
  [
    "16 limits beside each other",
    policyText({
      policies: times(16, (n) => `p${n}: { rateLimit: { rate: 5/second } }`),
      apply: times(16, (n) => `p${n}`),
    }),
    "taken",
  ],
  [
    "17 limits beside each other",
    policyText({
      policies: times(17, (n) => `p${n}: { rateLimit: { rate: 5/second } }`),
      apply: times(17, (n) => `p${n}`),
    }),
    "refused",
  ],
  [
    "200 credential headers",
    oneEach(200, (n) => `{ authenticate: { anyOf: [{ apiKey: { header: x-key-${n} } }] } }`, key),
    "taken",
  ],
  [
    "300 credential headers",
    oneEach(300, (n) => `{ authenticate: { anyOf: [{ apiKey: { header: x-key-${n} } }] } }`, key),
    "refused",
  ],
  ["1,024 policies", oneEach(1024, () => "{ rateLimit: { rate: 1/second, store: { slots: 1024 } } }"), "taken"],
  ["1,025 policies", oneEach(1025, () => "{ rateLimit: { rate: 1/second, store: { slots: 1024 } } }"), "refused"],
  [
    "64 groups of the longest names",
    policyText({
      consumers: `groups: [${times(64, (n) => `${"g".repeat(60)}${n}`).join(", ")}], ${key}`,
      policies: ["one: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }"],
      apply: ["one"],
    }),
    "taken",
  ],
  [
    "the longest names",
    policyText({
      consumers: `tier: ${"t".repeat(63)}, ${key}`,
      policies: [`${"p".repeat(63)}: { rateLimit: { rate: 1/second } }`],
      apply: ["p".repeat(63)],
    }),
    "taken",
  ],
  [
    "256 rules",
    rules(times(256, (n) => `{ name: r${n}, allow: 'request.headers["x-${n % 200}"] == "${n}"' }`)),
    "taken",
  ],
  [
    "a condition of 200 parts",
    rules([`{ name: r, allow: '${times(200, (n) => `request.path == "/${n}"`).join(" || ")}' }`]),
    "taken",
  ],
  [
    "a list of 1,500 values",
    rules([`{ name: r, allow: 'request.path in [${times(1500, (n) => `"/${n}"`).join(", ")}]' }`]),
    "taken",
  ],
  [
    "a condition 30 levels deep",
    rules([`{ name: r, allow: '${"!(".repeat(14)}request.path == "/"${")".repeat(14)}' }`]),
    "taken",
  ],
  [
    "a condition 40 levels deep",
    rules([`{ name: r, allow: '${"!(".repeat(40)}request.path == "/"${")".repeat(40)}' }`]),
    "refused",
  ],
];

/** A policy that the compiler takes and the module refuses would fail where it is deployed, not where it is written. */
test.each(edges)("the compiler and the module agree on %s", async (_, text, verdict) => {
  const { plan, diagnostics } = checkText("policy.yaml", text);
  expect(diagnostics.filter(({ severity }) => severity === "error").length > 0 ? "refused" : "taken").toBe(verdict);
  if (plan === undefined) return;
  const work = await workFolder();
  try {
    const judged = await validateConfig({
      envoy: await requireEnvoy(),
      workDir: work.path,
      env: randomSecrets(plan),
      configText: bootstrapText(plan, DEFAULT_OPTIONS),
    });
    expect(judged.ok ? [] : judged.findings.slice(0, 1)).toEqual([]);
  } finally {
    await work.remove();
  }
});
