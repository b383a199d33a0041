import { limitHeaders } from "../../plan/global-limits.js";
import { filterStateKey } from "../../plan/names.js";
import { type HeaderEdits, headerEdits } from "../../plan/native.js";
import type { ForwardAction, HostPlan, JsonObject, ResultHeader, RoutePlan } from "../../plan/plan.js";
import type { Resource } from "../kubernetes/resource.js";
import { type Cluster, durationText, ENVOY_GATEWAY_API, GATEWAY_API, present } from "./context.js";
import { partName } from "./names.js";
import { byRoute, type Rule, rulesOf } from "./rules.js";
import { backendRef } from "./services.js";

/** The HTTPRoutes of all virtual hosts, with the answers that they refer to. */
export function httpRoutes(cluster: Cluster): Resource[] {
  return cluster.plan.hosts.flatMap((host) => {
    const rules = rulesOf(cluster, host);
    const routes = byRoute(rules).map((part) => httpRoute(cluster, host, part));
    return [...routes, ...rules.flatMap((rule) => [...answerOf(cluster, rule), ...rewriteOf(cluster, rule)])];
  });
}

function httpRoute(cluster: Cluster, host: HostPlan, rules: readonly Rule[]): Resource {
  const { origins, plan } = cluster;
  const hostnames = host.domains.filter((domain) => domain !== "*");
  const listeners = host.listeners ?? plan.listeners.map(({ name }) => name);
  return cluster.resource(
    {
      apiVersion: `${GATEWAY_API}/v1`,
      kind: "HTTPRoute",
      name: rules[0]?.route ?? partName(plan),
    },
    host.origin,
    {
      parentRefs: listeners.map((sectionName) => ({
        group: GATEWAY_API,
        kind: "Gateway",
        name: partName(plan),
        sectionName,
      })),
      ...(hostnames.length === 0 ? {} : { hostnames }),
      rules: rules.map((rule) => origins.from(rule.entry.origin, ruleOf(cluster, rule))),
    },
  );
}

function ruleOf(cluster: Cluster, rule: Rule): JsonObject {
  const { entry, matches, name } = rule;
  const { action } = entry;
  const filters = [...requestFilters(cluster, entry), ...responseFilters(cluster, entry), ...actionFilters(rule)];
  return present({
    name,
    matches,
    filters: filters.length === 0 ? undefined : filters,
    backendRefs: action.type === "forward" ? backendRefs(cluster, action) : undefined,
    timeouts: action.type === "forward" ? { request: durationText(action.timeoutMs) } : undefined,
  });
}

function backendRefs(cluster: Cluster, { to }: ForwardAction): JsonObject[] {
  return to.map(({ service, weight }) => ({ ...backendRef(cluster, service), ...(to.length === 1 ? {} : { weight }) }));
}

/** What the service is told of the caller, and what of the request it does not see. */
function requestFilters(cluster: Cluster, entry: RoutePlan): JsonObject[] {
  if (entry.action.type !== "forward") return [];
  const run = cluster.runOf(entry);
  const edits = headerEdits(
    run.map(({ native }) => native),
    "request",
  );
  return modifier("requestHeaderModifier", {
    set: [...addressOf(cluster), ...results(run.flatMap((policy) => policy.requestHeaders)), ...setIn(edits)],
    add: addedIn(edits),
    remove: [...new Set([...run.flatMap((policy) => policy.removeRequestHeaders), ...edits.remove])].toSorted(),
  });
}

/** Envoy itself tells the service where the request is from, but not where Envoy Gateway has it believe proxies in front. */
function addressOf({ plan }: Cluster): { name: string; value: string }[] {
  const believes = plan.listeners.some(({ trustedHops }) => trustedHops > 0);
  return believes ? [{ name: "x-envoy-external-address", value: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" }] : [];
}

/** What clients are told. */
function responseFilters(cluster: Cluster, entry: RoutePlan): JsonObject[] {
  const run = cluster.runOf(entry);
  const edits = headerEdits(
    run.map(({ native }) => native),
    "response",
  );
  const varies = run.some(({ native }) => native?.filter === "cors");
  return modifier("responseHeaderModifier", {
    set: [
      ...fixedHeaders(entry).map(([name, value]) => ({ name, value: literal(value) })),
      ...results(run.flatMap((policy) => policy.responseHeaders)),
      ...setIn(edits),
    ],
    add: [...(varies ? [{ name: "vary", value: "origin" }] : []), ...addedIn(edits)],
    remove: [...new Set([...edits.remove, ...limitHeaders(run)])].toSorted(),
  });
}

function fixedHeaders({ action }: RoutePlan): [string, string][] {
  return action.type === "respond" ? Object.entries(action.headers) : [];
}

interface Modifier {
  set: { name: string; value: string }[];
  add: { name: string; value: string }[];
  remove: string[];
}

function modifier(kind: "requestHeaderModifier" | "responseHeaderModifier", { set, add, remove }: Modifier) {
  const made = present({
    set: set.length === 0 ? undefined : set,
    add: add.length === 0 ? undefined : add,
    remove: remove.length === 0 ? undefined : remove,
  });
  const type = kind === "requestHeaderModifier" ? "RequestHeaderModifier" : "ResponseHeaderModifier";
  return Object.keys(made).length === 0 ? [] : [{ type, [kind]: made }];
}

/** Envoy Gateway hands values over as they are, so Envoy puts the results of the guard there. What is absent leaves its header out. */
export function result(property: string): string {
  return `%FILTER_STATE(${filterStateKey(property)}:PLAIN)%`;
}

function results(headers: readonly ResultHeader[]): { name: string; value: string }[] {
  const properties = new Map(headers.map((one) => [one.name, one.property]));
  return [...properties].map(([name, property]) => ({ name, value: result(property) }));
}

function setIn({ set }: HeaderEdits): { name: string; value: string }[] {
  return set.map(({ name, value }) => ({
    name,
    value: typeof value === "string" ? literal(value) : result(value.property),
  }));
}

function addedIn({ add }: HeaderEdits): { name: string; value: string }[] {
  return add.map(({ name, value }) => ({ name, value: literal(value) }));
}

/** Envoy substitutes `%NAME%` in header values and bodies: a text of the user is never such a command. */
function literal(text: string): string {
  return text.replaceAll("%", "%%");
}

function actionFilters(rule: Rule): JsonObject[] {
  const { action } = rule.entry;
  switch (action.type) {
    case "forward":
      return action.rewrite === undefined ? [] : [extension(rewriteName(rule))];
    case "respond":
      return [extension(answerName(rule))];
    case "redirect": {
      const { scheme, host, port, path } = action.url;
      return [
        {
          type: "RequestRedirect",
          requestRedirect: present({
            scheme,
            hostname: host,
            port,
            path: path === undefined ? undefined : { type: "ReplaceFullPath", replaceFullPath: path },
            statusCode: action.status,
          }),
        },
      ];
    }
  }
}

function extension(name: string): JsonObject {
  return { type: "ExtensionRef", extensionRef: { group: ENVOY_GATEWAY_API, kind: "HTTPRouteFilter", name } };
}

function rewriteName({ route, name }: Rule): string {
  return partName({ name: route }, name, "rewrite");
}

/** A path from its first character to its last. */
const WHOLE_PATH = "^/.*$";

/** What the service is asked for in place of the path and the host of the request. */
function rewriteOf(cluster: Cluster, rule: Rule): Resource[] {
  const { action, origin } = rule.entry;
  if (action.type !== "forward" || action.rewrite === undefined) return [];
  const { path, host } = action.rewrite;
  const { regex, substitution } =
    host !== undefined && "host" in host ? { regex: WHOLE_PATH, substitution: host.host } : (host ?? NOTHING);
  const urlRewrite = present({
    path:
      path === undefined
        ? undefined
        : {
            type: "ReplaceRegexMatch",
            replaceRegexMatch: { pattern: path.regex, substitution: path.substitution },
          },
    hostname: host === undefined ? undefined : { type: "PathRegex", pathRegex: { pattern: regex, substitution } },
    // By itself Envoy Gateway tells the service which host was asked for.
    appendXForwardedHost: host === undefined ? undefined : false,
  });
  const head = {
    apiVersion: `${ENVOY_GATEWAY_API}/v1alpha1`,
    kind: "HTTPRouteFilter",
    name: rewriteName(rule),
  };
  return [cluster.resource(head, origin, { urlRewrite })];
}

const NOTHING = { regex: "", substitution: "" };

function answerName({ route, name }: Rule): string {
  return partName({ name: route }, name);
}

/** The answer of a rule that leads to no service. */
function answerOf(cluster: Cluster, rule: Rule): Resource[] {
  const { action, origin } = rule.entry;
  if (action.type !== "respond") return [];
  const { status, body } = action;
  const directResponse = present({
    statusCode: status,
    body: body === undefined || body === "" ? undefined : { type: "Inline", inline: literal(body) },
  });
  return [
    cluster.resource(
      { apiVersion: `${ENVOY_GATEWAY_API}/v1alpha1`, kind: "HTTPRouteFilter", name: answerName(rule) },
      origin,
      { directResponse },
    ),
  ];
}
