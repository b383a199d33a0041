import { PHASES, type Phase } from "../../compiler/plan/plan.js";
import { comparePaths, parsePath } from "../../compiler/policy/path.js";
import { markdownTable } from "./schema-table.js";

/** The prose of the reference, with small tables of what the compiler itself says. */

export const INTRODUCTION = `# Language reference

<!-- Written by npm run golden:update from the schemas and tables of the compiler; do not edit it here. -->

- [Files](#files) and the [forms of values](#forms-of-values)
- [Which route serves](#which-route-serves)
- [Which policies run](#which-policies-run), and in which order
- [Gateway](#gateway): every key of the policy file
- [Fragment](#fragment): a file that it includes
- [Test](#test): what a policy promises
- [Expressions](#expressions): values, operators, attributes, and what is unknown
- [Findings](#findings): what \`sluice check\` can report, and how to silence a warning

[The quickstart](../examples/quickstart/README.md) shows the language on one screen, [the tenants example](../examples/tenants/README.md) in several
files.

## Files

A file is one YAML 1.2 document in UTF-8, without anchors, aliases and tags. An unknown key is an error, so that no rule is lost by a slip. The
first line here tells editors the schema, for completion, descriptions and errors while one types; \`sluice schema gateway\` prints it.

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/sluicegate/schema/gateway.v1.json
apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 127.0.0.1:8080 }
routes:
  - { name: hello, match: { path: /hello }, respond: { status: 200, body: "hello\\n" } }
\`\`\`

## Forms of values

| value | form |
|---|---|
| name | 1 to 63 lower-case letters, digits and dashes; a letter or digit at both ends |
| duration | a whole number and \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`: \`250ms\`, \`10s\`, \`24h\`; at most 365 days. One unit: \`90m\`, not \`1h30m\` |
| rate | \`100/minute\` (also \`second\`, \`hour\`, \`day\`) or \`100 per 15s\` (also \`m\`, \`h\`, \`d\`); with \`burst 20\` behind it, so many at once, else the count |
| size | bytes as a number, or a whole number with \`Ki\` or \`Mi\`: \`64Ki\`, \`1Mi\` |
| percentage | \`5%\`; shares of requests with up to four decimals: \`0.25%\` |
| address | \`host:port\`; an IPv6 address in brackets, as \`"[::1]:8080"\` |
| header name | lower case: up to 64 letters, digits, \`-\`, \`_\` and \`.\` |
| header value | visible ASCII and spaces between |
| method | capital letters, \`-\` and \`_\` |
| secret | a reference: \`env:NAME\`, read by Envoy when it starts, or \`sha256:\` and the digest; never the secret itself |
| expression | a text of the [expression language](#expressions); it reads best in single quotes of YAML, with double quotes inside |

An expression has durations and points in time of its own: \`duration("1h30m")\`, \`timestamp("2026-01-31T12:00:00Z")\`, as in RFC 3339, with up to
three digits of a second, and \`Z\` or an offset such as \`+01:00\`. Sizes are whole numbers of bytes.
`;

/** Paths from the most specific to the least; the order is that of the compiler. */
const ORDERED_PATHS = [
  "/**",
  "/{tenant}/**",
  "/{tenant}",
  "/{tenant}/orders",
  "/orders/**",
  "/orders/{id}",
  "/orders/{id}/items/**",
  "/orders/{id}/items",
  "~/orders/[0-9]+",
  "/orders/latest",
] as const;

export function routes(): string {
  return `## Which route serves

${markdownTable(
  ["`path`", "takes"],
  [
    ["`/orders`", "that path and no other; `/orders/` is another"],
    ["`/orders/*`", "one segment below: `/orders/7`, not `/orders` and not `/orders/7/items`"],
    ["`/orders/{id}`", "the same, and expressions read the segment as `route.params.id`"],
    ["`/orders/**`", "`/orders` itself and everything below it"],
    ["`/{tenant}/orders/**`", "the forms go together; `*` and `{name}` stand for whole segments, `**` only at the end"],
    ["`~/v[0-9]+/status`", "what the RE2 expression behind `~` covers as a whole; it needs no `^` and `$`"],
  ],
)}
Paths are compared without the query, and after Envoy has normalised them. In \`match.headers\` a value is the whole value, \`~regex\` covers the whole
value too, \`true\` wants the header, \`false\` wants it absent. \`match.query\` is the same of parameters: a value is the decoded one, \`~regex\` covers it as it
is sent. What could be read in two ways gets 400 on such a route: the parameter twice, a name or a value that is percent-encoded without need.
In \`match.cookies\` a value is the whole value as it is sent, and \`true\` wants the cookie; of several cookies of one name one is enough.

The most specific route serves, whatever the order in the file:

1. The host, before any path: a name, then \`*.\` and the longest suffix, then any host. What no route of a name takes is left to those of wider hosts.
2. The path: an exact one, then a regular expression (the longest text first), then the one with the most literal segments. Of two with as many, one
   without \`**\` at the end, then the longer one, then the one that has a literal further left.
3. A route with \`methods\`, then one without.
4. The one with more \`headers\` and \`cookies\`, then the one with more of \`query\`.

So these paths are tried from the top:

\`\`\`text
${ordered(ORDERED_PATHS).join("\n")}
\`\`\`

Two routes that take the same requests are an error (SL0309). A route that is never reached, or that comes before one with stronger policies, is a
warning (SL0312, SL0310). An unknown path is answered with 404. One that is known with other methods is answered with 405, unless a wider route with the
same protection takes it. \`sluice explain --request 'GET /orders/7'\` tells which route serves, and why not the others.

Who calls chooses no route: its policies are what finds that out. \`callers\` of a route leads the requests of some to other services, under the same policies.
`;
}

function ordered(paths: readonly string[]): string[] {
  return paths
    .map((path) => ({ path, pattern: parsePath(path) }))
    .flatMap(({ path, pattern }) => (typeof pattern === "string" ? [] : [{ path, pattern }]))
    .toSorted((a, b) => comparePaths(a.pattern, b.pattern))
    .map(({ path }) => path);
}

const IN_PHASE: Readonly<Record<Phase, readonly [string, string]>> = {
  ipAccess: ["[ipAccess](../filters/ip-access/README.md), in a filter of Envoy's own", "403"],
  fault: ["[fault](../filters/fault/README.md), in filters of Envoy's own", "the status that it says"],
  cors: ["[cors](../filters/cors/README.md), in a filter of Envoy's own", "nobody; it answers preflights"],
  trace: ["[tracing](../filters/tracing/README.md)", "nobody; it begins the span of the request"],
  limit: ["[rateLimit](../filters/rate-limit/README.md) that does not ask who calls", "429"],
  authenticate: ["[authenticate](../filters/authenticate/README.md)", "401"],
  authorize: ["[authorize](../filters/authorize/README.md)", "403"],
  "limit-by-identity": ["rateLimit that reads `auth.*`, or has rates by tier", "429"],
  "limit-of-all": ["rateLimit with `scope: global`, in a filter of Envoy's own that asks a service", "429"],
  externalAuth: [
    "[externalAuth](../filters/external-auth/README.md), in a filter of Envoy's own",
    "what its service answers, and 503 if it gives none",
  ],
  bodyLimit: ["[bodyLimit](../filters/body-limit/README.md), in a filter of Envoy's own", "413"],
  headers: ["[headers](../filters/headers/README.md), in Envoy's router", "nobody; it changes headers"],
  compress: ["[compress](../filters/compress/README.md), in filters of Envoy's own", "nobody; it compresses answers"],
  convert: [
    "[soap](../filters/soap/README.md), in a module of its own",
    "nobody; what does not fit the service gets 400",
  ],
};

export function policies(): string {
  const rows = PHASES.map((phase, index) => [String(index + 1), ...IN_PHASE[phase]]);
  return `## Which policies run

A policy is written once under \`policies\`, with a name and exactly one kind. The policies of a route are those of \`mandatory\`, those of \`defaults\`
without the route's \`except\`, and those of its \`apply\`. One that is there twice is an error. Answers to unknown paths (404) and methods (405) run those of
\`mandatory\`.

They run by phase, and in one phase in the order of these lists:

${markdownTable(["", "policies", "refuse with"], rows)}
The first that refuses answers, and the later ones do not run. A route has at most one \`fault\`, \`cors\`, \`tracing\`,
\`authenticate\`, \`externalAuth\` and \`compress\` each. Several \`authorize\` must all allow.
Limits of one phase decide together: a call that one of them refuses costs nothing in the others. \`sluice explain orders\` prints the policies of a route
in this order, each with the line that asks for it.

Beside its kind a policy has \`mode\`, \`when\` and \`onError\`; [the page of the kinds](../filters/README.md#what-stands-beside-a-kind) tells how they work together.
A new policy begins with \`mode: shadow\`: it decides, counts and logs, and refuses nobody.
`;
}

export const TEST = `What a policy promises, as requests and what must come of them. This version checks such a file and does not run it yet: \`sluice check\` reports what does not
fit, and names that the policy file does not have.

\`\`\`yaml
apiVersion: sluice/v1
kind: Test
policy: ../examples/quickstart/policy.yaml
cases:
  - name: a stranger is turned away
    request: { path: /orders/7 }
    expect: { status: 401, decidedBy: partners-only, upstream: none }
  - name: a partner reads orders
    as: acme
    request: { path: /orders/7 }
    expect: { status: 200, decidedBy: orders-access/readers, upstream: orders }
\`\`\`

An expected text is the whole text. \`~regex\` is an RE2 expression that covers the whole text, in bodies too: \`~.*\` in front and behind finds a part. For headers,
\`true\` and \`false\` stand for present and absent.
`;

export const SILENCE = `\`sluice explain SL0101\` prints the page of one: what it means, why, an example, and what to do. An error keeps the policy from being compiled. A warning
does not; where it is meant so, a comment silences it, with a reason, on its line or alone on the line before:

\`\`\`text
consumers:
  initech: { tier: free } # sluice-ignore: SL0205 the key comes when the contract begins
\`\`\`

Several codes stand with commas between: \`# sluice-ignore: SL0205, SL0403 why\`. A comment without a reason, or for a warning that is not there, is a warning itself.
`;
