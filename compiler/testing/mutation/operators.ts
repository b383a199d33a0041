import { type Node, nodeAt, type ScalarNode, toValue, type Value } from "../../syntax/document.js";
import {
  doubledDuration,
  doubledRate,
  doubledSize,
  otherWindow,
  raisedBurst,
  widerBlock,
  widerHost,
  widerOrigin,
  widerPath,
} from "./amounts.js";
import { changedExpressions, EXPRESSION_CHANGES } from "./expressions.js";
import { type Change, isLike, type Operator, type Site, type Surroundings } from "./mutation.js";

const ALLOW = "policies.*.authorize.rules.*.allow";
const DENY = "policies.*.authorize.rules.*.deny";
const WHEN = "policies.*.when";
const RATES = ["rate", "rate.*", "scope.local", "scope.local.*", "scope.global", "scope.global.*"].map(
  (where) => `policies.*.rateLimit.${where}`,
);
const POLICY = ["policies.*"];
const LISTENER = ["listeners.*"];
const AUTHENTICATE = ["policies.*.authenticate"];
const CORS = ["policies.*.cors"];
const TRACING = ["policies.*.tracing"];
const SAMPLE = ["policies.*.tracing.sample"];
const SHARES = [...SAMPLE, "policies.*.tracing.sample.ratio", "policies.*.tracing.sample.rules.*.ratio"];
/** What decides about traces and their spans. */
const TRACED = ["policies.*.tracing.always", "policies.*.tracing.sample.rules.*.when"];
const TAGS = ["policies.*.tracing.tags.*"];

/** Every way to remove or weaken something, in the order in which they are tried. */
export const OPERATORS: readonly Operator[] = [
  {
    name: "removed",
    changes: (site) => (isShare(site) ? [] : [{ value: undefined, shown: "the policy without it" }]),
  },

  condition("always-true", [ALLOW], () => ["true"]),
  condition("never-true", [DENY, WHEN, ...TRACED], () => ["false"]),
  ...Object.entries(EXPRESSION_CHANGES).map(([name, change]) =>
    condition(name, [ALLOW, DENY, WHEN, ...TRACED, ...TAGS], (node) => changedExpressions(node, change)),
  ),
  scalar("rest-allowed", ["policies.*.authorize.otherwise"], () => ["allow"]),

  scalar("rate-doubled", RATES, defined(doubledRate)),
  scalar("burst-raised", RATES, defined(raisedBurst)),
  scalar("window-changed", RATES, defined(otherWindow)),

  added("shadowed", POLICY, "mode", (now) => (now === "shadow" ? [] : ["shadow"])),
  added("switched-off", POLICY, "mode", () => ["off"]),
  added("made-optional", AUTHENTICATE, "optional", (now) => (now === true ? [] : [true])),
  added("credential-forwarded", AUTHENTICATE, "forward", (now) => (now === true ? [] : [true])),

  { name: "default-excepted", changes: exceptDefault },
  scalar("tier-changed", ["consumers.*.tier"], (tier, { tiers }) => [other(tiers, [tier], "another-tier")]),
  list("group-changed", ["consumers.*.groups"], (groups, around) =>
    groups.map((group, index) => groups.with(index, other(around.groups, [group, ...groups], "another-group"))),
  ),

  list("method-added", ["routes.*.match.methods", "policies.*.cors.methods"], (methods) => [
    [...methods, other(METHODS, methods, "TRACE")],
  ]),
  scalar("path-widened", ["routes.*.match.path"], defined(widerPath)),
  scalar("host-widened", ["routes.*.match.host"], defined(widerHost)),
  scalar("any-value", ["routes.*.match.headers.*", "routes.*.match.query.*", "routes.*.match.cookies.*"], () => [true]),
  scalar("other-service", ["routes.*.to", "routes.*.callers.*.to"], (service, { services }) =>
    services.length < 2 ? [] : [other(services, [service], "")],
  ),
  scalar("timeout-doubled", ["routes.*.timeout"], defined(doubledDuration)),
  scalar(
    "answer-changed",
    ["routes.*.respond.body", "routes.*.respond.headers.*", "routes.*.errors.*.body", "listeners.*.errors.*.body"],
    (text) => [`${text.trim()}!`],
  ),
  scalar("answer-changed", ["routes.*.redirect.to", "routes.*.redirect.path"], (target) => [
    `${target.replace(/\/$/, "")}/elsewhere`,
  ]),
  { name: "status-changed", changes: otherStatus },

  { name: "hop-trusted", changes: trustHop },
  added("slashes-accepted", LISTENER, "escapedSlashes", (now) => laterThan(now, ["reject", "unescape", "keep"])),
  added("underscores-accepted", LISTENER, "headerUnderscores", (now) => laterThan(now, ["reject", "drop", "allow"])),

  scalar("network-widened", ["policies.*.ipAccess.allow.*"], defined(widerBlock)),
  scalar("origin-widened", ["policies.*.cors.origins.*"], (origin) => ["*", ...defined(widerOrigin)(origin)]),
  added("cookies-allowed", CORS, "credentials", (now) => (now === true ? [] : [true])),
  list("header-allowed", ["policies.*.cors.headers"], (headers) => [[...headers, "x-another"]]),
  scalar("body-doubled", ["policies.*.bodyLimit.bytes"], defined(doubledSize)),
  scalar("age-doubled", ["policies.*.cors.maxAge"], defined(doubledDuration)),

  scalar("sampling-turned", SHARES, (share) => [isNothing(share) ? "100%" : "0%"]),
  added("parent-turned", SAMPLE, "parent", (now) => [now !== true]),
  added("baggage-passed", TRACING, "baggage", (now) => (now === "drop" ? ["pass"] : [])),
  { name: "cap-raised", changes: raiseCap },
];

const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/** A share of the traces is all of them in a test, as it would be if nothing were said. */
function isShare(site: Site): boolean {
  return isAt(site, SHARES) && isText(site.node) && !isNothing(String(site.node.value));
}

function isNothing(share: string): boolean {
  return Number.parseFloat(share) === 0;
}

function isAt(site: Site, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => isLike(site.path, pattern));
}

/** Puts other expressions in the place of one. */
function condition(
  name: string,
  patterns: readonly string[],
  texts: (node: ScalarNode) => readonly string[],
): Operator {
  return {
    name,
    changes: (site) =>
      isAt(site, patterns) && isText(site.node)
        ? texts(site.node).map((text) => ({ value: text, shown: `it becomes \`${text}\`` }))
        : [],
  };
}

/** Puts another value in the place of a text. */
function scalar(
  name: string,
  patterns: readonly string[],
  values: (text: string, around: Surroundings) => readonly (string | boolean)[],
): Operator {
  return {
    name,
    changes: (site, around) => {
      if (!isAt(site, patterns) || !isText(site.node)) return [];
      const text = String(site.node.value);
      return values(text, around)
        .filter((value) => value !== text)
        .map((value) => ({ value, shown: `\`${text}\` becomes \`${value}\`` }));
    },
  };
}

/** Puts another list of texts in the place of one. */
function list(
  name: string,
  patterns: readonly string[],
  lists: (items: string[], around: Surroundings) => readonly string[][],
): Operator {
  return {
    name,
    changes: (site, around) => {
      if (!isAt(site, patterns) || site.node.kind !== "list") return [];
      const items = site.node.items.map((item) => String(toValue(item)));
      return lists(items, around).map((value) => ({ value, shown: `it becomes \`[${value.join(", ")}]\`` }));
    },
  };
}

/** Writes a key of a mapping, which may stand there already; `values` gets what it says now, its default included. */
function added(
  name: string,
  patterns: readonly string[],
  key: string,
  values: (now: Value) => readonly (string | boolean)[],
): Operator {
  return {
    name,
    changes: (site) => {
      if (!isAt(site, patterns) || site.node.kind !== "map") return [];
      const written = nodeAt(site.node, [key]);
      const now = written === undefined ? (DEFAULTS[key] ?? null) : toValue(written);
      return values(now).map((value) => entry(site, key, value));
    },
  };
}

const DEFAULTS: Readonly<Record<string, Value>> = {
  mode: "enforce",
  optional: false,
  forward: false,
  credentials: false,
  escapedSlashes: "reject",
  headerUnderscores: "reject",
  parent: true,
  baggage: "pass",
};

function entry({ path, node }: Site, key: string, value: Value): Change {
  const written = nodeAt(node, [key]);
  const shown = `\`${key}: ${String(value)}\``;
  const change =
    written === undefined ? `${shown} is added` : `\`${key}: ${String(toValue(written))}\` becomes ${shown}`;
  return { path: [...path, key], value, shown: change };
}

function isText(node: Node): node is ScalarNode {
  return node.kind === "scalar" && typeof node.value === "string";
}

function defined(change: (text: string) => string | undefined): (text: string) => string[] {
  return (text) => {
    const value = change(text);
    return value === undefined ? [] : [value];
  };
}

function exceptDefault(site: Site, { defaults }: Surroundings): Change[] {
  if (!isAt(site, ["routes.*"])) return [];
  const except = textsAt(site.node, "except");
  return defaults
    .filter((policy) => !except.includes(policy))
    .map((policy) => ({
      path: [...site.path, "except"],
      value: [...except, policy],
      shown: `\`except: [${[...except, policy].join(", ")}]\` instead of \`[${except.join(", ")}]\``,
    }));
}

function textsAt(node: Node, key: string): string[] {
  const found = nodeAt(node, [key]);
  return found?.kind === "list" ? found.items.map((item) => String(toValue(item))) : [];
}

function otherStatus(site: Site): Change[] {
  if (!isAt(site, ["routes.*.respond.status", "routes.*.redirect.status"])) return [];
  const status = Number(toValue(site.node));
  const value = status >= 300 && status < 400 ? (status === 307 ? 308 : 307) : status === 200 ? 201 : 200;
  return [{ value, shown: `\`${status}\` becomes \`${value}\`` }];
}

/** One hop more writes the address of the client; without effect where nothing reads it. */
function trustHop(site: Site, { readsHops }: Surroundings): Change[] {
  if (!isAt(site, LISTENER) || !readsHops) return [];
  const written = nodeAt(site.node, ["trustedHops"]);
  const hops = written === undefined ? 0 : Number(toValue(written));
  return [entry(site, "trustedHops", hops + 1)];
}

function raiseCap(site: Site): Change[] {
  if (!isAt(site, ["policies.*.tracing.sample.perSecond"])) return [];
  const cap = Number(toValue(site.node));
  return [{ value: cap * 2, shown: `\`${cap}\` becomes \`${cap * 2}\`` }];
}

/** What comes after a value, from the strictest to the weakest. */
function laterThan(now: Value, order: readonly string[]): readonly string[] {
  return order.slice(order.indexOf(String(now)) + 1);
}

/** A value that is none of those, the first that is known. */
function other(known: readonly string[], not: readonly string[], otherwise: string): string {
  return known.find((value) => !not.includes(value)) ?? otherwise;
}
