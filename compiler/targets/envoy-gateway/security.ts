import type { AddressPlan, CorsPlan, OriginPattern } from "../../plan/native.js";
import type { JsonObject, PolicyPlan } from "../../plan/plan.js";
import { present, type Resource } from "../kubernetes/resource.js";
import { authorization } from "./addresses.js";
import { believesHops, type Cluster, durationText, ENVOY_GATEWAY_API, GATEWAY_API } from "./context.js";
import { freeName, partName } from "./names.js";
import { allRules, type Rule } from "./rules.js";

/** What of a rule stands in a SecurityPolicy: a rule has one at most. */
type Secured = PolicyPlan & { native: CorsPlan | AddressPlan };

/**
 * From where rules may be called, by address and by origin: one policy for all that run the same. Envoy Gateway makes no entries for
 * preflights of its own here.
 */
export function securityPolicies(cluster: Cluster): Resource[] {
  const groups = new Map<string, { run: readonly Secured[]; rules: Rule[] }>();
  for (const rule of allRules(cluster)) {
    const run = securedBy(cluster, rule);
    const key = run.map(({ name }) => name).join(" ");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { run, rules: [rule] });
    else group.rules.push(rule);
  }
  const taken = new Set<string>();
  return [...groups.values()].flatMap(({ run, rules }) => {
    const [first] = run;
    if (first === undefined) return [];
    const name = freeName(partName(cluster.plan, ...run.map((one) => one.name)), taken);
    taken.add(name);
    const head = { apiVersion: `${ENVOY_GATEWAY_API}/v1alpha1`, kind: "SecurityPolicy", name };
    const targetRefs = rules.map((rule) => ({
      group: GATEWAY_API,
      kind: "HTTPRoute",
      name: rule.route,
      sectionName: rule.name,
    }));
    return [cluster.resource(head, first.origin, { targetRefs, ...specOf(cluster, run) })];
  });
}

/** Origins are of routes to services only. */
function securedBy(cluster: Cluster, { entry }: Rule): Secured[] {
  return cluster.runOf(entry).flatMap((policy) => {
    const { native } = policy;
    return native?.filter === "rbac" || (native?.filter === "cors" && entry.action.type === "forward")
      ? [{ ...policy, native }]
      : [];
  });
}

function specOf({ plan, origins }: Cluster, run: readonly Secured[]): JsonObject {
  const [cors] = run.flatMap(({ native, origin }) =>
    native.filter === "cors" ? [origins.from(origin, corsOf(native))] : [],
  );
  const addresses = run.flatMap(({ native }) => (native.filter === "rbac" ? [native] : []));
  return present({
    cors,
    authorization: addresses.length === 0 ? undefined : authorization(addresses, believesHops(plan)),
  });
}

/** What Envoy Gateway takes for an origin. */
const ORIGIN = /^(\*|[A-Za-z][A-Za-z0-9+.-]*:\/\/(\*\.)?(([\w-]+\.?)+)?[\w-]+(:\d{1,5})?)$/;

/** Whether all origins can be said. */
export function canBeOrigins({ origins }: CorsPlan): boolean {
  return origins.every((origin) => ORIGIN.test(originText(origin)));
}

function originText(origin: OriginPattern): string {
  switch (origin.form) {
    case "any":
      return "*";
    case "exact":
      return origin.origin;
    case "below":
      return `${origin.scheme}://*.${origin.domain}${origin.port}`;
  }
}

function corsOf({ origins, methods, headers, expose, credentials, maxAgeSeconds }: CorsPlan): JsonObject {
  const some = (list: readonly string[]) => (list.length === 0 ? undefined : [...list]);
  return present({
    allowOrigins: origins.map(originText),
    allowMethods: some(methods),
    allowHeaders: some(headers),
    exposeHeaders: some(expose),
    allowCredentials: credentials,
    maxAge: maxAgeSeconds === undefined ? undefined : durationText(maxAgeSeconds * 1_000),
  });
}
