/** A file that does not fit, and every fault that the JSON Schema finds in it: place and rule. */
export interface BadFile {
  what: string;
  text: string;
  faults: readonly string[];
}

const gateway = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:8080 } }
services: { orders: { endpoints: [127.0.0.1:9001] } }
policies:
  limit: { rateLimit: { rate: 10/minute } }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [limit] }
`;

const test = `apiVersion: sluice/v1
kind: Test
policy: policy.yaml
cases:
  - { name: a, request: { path: /orders/7 }, expect: { status: 200 } }
`;

/** A change of one of the two files, which must be in it. */
function changed(what: string, file: string, from: string, to: string, ...faults: string[]): BadFile {
  if (!file.includes(from)) throw new Error(`${from} is not in the file`);
  return { what, text: file.replace(from, to), faults };
}

export const goodFiles: readonly string[] = [gateway, test];

export const badFiles: readonly BadFile[] = [
  changed("another version", gateway, "sluice/v1", "sluice/v2", "/apiVersion const"),
  changed("a name in capitals", gateway, "name: shop", "name: Shop", "/name pattern"),
  changed("an unknown section", gateway, "services:", "servces:", "/servces additionalProperties"),
  changed("an address without port", gateway, "127.0.0.1:8080", "127.0.0.1", "/listeners/public/address pattern"),
  changed("hops below zero", gateway, "8080 }", "8080, trustedHops: -1 }", "/listeners/public/trustedHops minimum"),
  changed("a fraction of a hop", gateway, "8080 }", "8080, trustedHops: 1.5 }", "/listeners/public/trustedHops type"),
  changed("no service address", gateway, "[127.0.0.1:9001]", "[]", "/services/orders/endpoints minItems"),
  changed(
    "a duration without unit",
    gateway,
    "[127.0.0.1:9001]",
    "[127.0.0.1:9001], connectTimeout: 5",
    "/services/orders/connectTimeout type",
  ),
  changed(
    "a kind that is not there",
    gateway,
    "rateLimit:",
    "ratelimit:",
    "/policies/limit oneOf",
    "/policies/limit/ratelimit additionalProperties",
  ),
  changed(
    "two kinds in one policy",
    gateway,
    "{ rateLimit:",
    "{ authorize: { rules: [{ name: a, allow: 'true' }] }, rateLimit:",
    "/policies/limit oneOf",
  ),
  changed(
    "a rate in other words",
    gateway,
    "10/minute",
    "ten per minute",
    "/policies/limit/rateLimit/rate anyOf",
    "/policies/limit/rateLimit/rate pattern",
    "/policies/limit/rateLimit/rate type",
  ),
  changed("no routes", gateway, gateway.slice(gateway.indexOf("\nroutes:")), "\n", " anyOf"),
  changed("a missing match", gateway, "match: { path: /orders/** }, ", "", "/routes/0/match required"),
  changed("a path without slash", gateway, "path: /orders/**", "path: orders", "/routes/0/match/path pattern"),
  changed("a text for a list", gateway, "apply: [limit]", "apply: limit", "/routes/0/apply type"),
  changed(
    "a method in small letters",
    gateway,
    "/orders/** }",
    "/orders/**, methods: [get] }",
    "/routes/0/match/methods/0 pattern",
  ),
  changed("two actions", gateway, "to: orders", "to: orders, respond: { status: 200 }", "/routes/0 oneOf"),
  changed(
    "an odd redirect",
    gateway,
    "to: orders",
    "redirect: { path: /x, status: 300 }",
    "/routes/0/redirect/status enum",
  ),
  changed(
    "a key in the file",
    gateway,
    "services:",
    "consumers: { acme: { credentials: [{ apiKey: s3cret }] } }\nservices:",
    "/consumers/acme/credentials/0/apiKey pattern",
  ),
  changed(
    "a section that a fragment has not",
    gateway,
    "kind: Gateway",
    "kind: Fragment",
    "/name additionalProperties",
  ),
  changed(
    "a test without cases",
    test,
    "cases:\n  - {",
    "cases: []\nx: {",
    "/cases minItems",
    "/x additionalProperties",
  ),
  changed("a status that is none", test, "status: 200", "status: 2000", "/cases/0/expect/status maximum"),
  changed("a case without request", test, "request: { path: /orders/7 }, ", "", "/cases/0 oneOf"),
  changed("a request without path", test, "{ path: /orders/7 }", "{ method: GET }", "/cases/0/request/path required"),
  changed(
    "a step with two things",
    test,
    "request: { path: /orders/7 }, expect: { status: 200 }",
    "steps: [{ request: { path: /a }, wait: 1s }]",
    "/cases/0/steps/0 oneOf",
  ),
  changed(
    "another counter",
    test,
    "status: 200",
    "metrics: { limit: 1 }",
    "/cases/0/expect/metrics pattern",
    "/cases/0/expect/metrics/limit propertyNames",
  ),
  changed("a decision with two slashes", test, "status: 200", "decidedBy: a/b/c", "/cases/0/expect/decidedBy pattern"),
];
