import { ALL_REQUESTS } from "../../plan/native.js";
import type { ForwardAction, HostPlan, JsonObject, RoutePlan } from "../../plan/plan.js";
import { literal } from "../envoy/formats.js";
import { present, type Resource } from "../kubernetes/resource.js";
import { type Cluster, durationText, ENVOY_GATEWAY_API, GATEWAY_API } from "./context.js";
import { headerFilters } from "./headers.js";
import { partName } from "./names.js";
import { byRoute, type Rule, rulesOf } from "./rules.js";
import { backendRef } from "./services.js";

/** The HTTPRoutes of all virtual hosts, with the answers that they refer to. */
export function httpRoutes(cluster: Cluster): Resource[] {
  return cluster.hosts.flatMap((host) => {
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
  const { entry, host, matches, name } = rule;
  const { action } = entry;
  const filters = [...headerFilters(cluster, host, entry), ...copies(cluster, entry), ...actionFilters(rule)];
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

/** Other services that get the requests too, and whose answers nobody reads. */
function copies(cluster: Cluster, { action }: RoutePlan): JsonObject[] {
  if (action.type !== "forward") return [];
  return (action.mirror ?? []).map(({ service, millionths }) => ({
    type: "RequestMirror",
    requestMirror: {
      backendRef: backendRef(cluster, service),
      fraction: { numerator: millionths, denominator: ALL_REQUESTS },
    },
  }));
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
