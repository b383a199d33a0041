import type { CorsPlan, OriginPattern } from "../../plan/native.js";
import type { JsonObject } from "../../plan/plan.js";
import { present, type Resource } from "../kubernetes/resource.js";
import { type Cluster, durationText, ENVOY_GATEWAY_API, GATEWAY_API } from "./context.js";
import { partName } from "./names.js";
import { allRules } from "./rules.js";

/** Which other origins may call, for the rules that have such a policy. Envoy Gateway makes no entries for preflights of its own here. */
export function securityPolicies(cluster: Cluster): Resource[] {
  const { plan } = cluster;
  const rules = allRules(cluster);
  return plan.policies.flatMap(({ name, origin, native }) => {
    if (native?.filter !== "cors") return [];
    const own = rules.filter(
      ({ entry }) => entry.action.type === "forward" && entry.run.some(({ policy }) => policy === name),
    );
    if (own.length === 0) return [];
    const targetRefs = own.map((rule) => ({
      group: GATEWAY_API,
      kind: "HTTPRoute",
      name: rule.route,
      sectionName: rule.name,
    }));
    const head = { apiVersion: `${ENVOY_GATEWAY_API}/v1alpha1`, kind: "SecurityPolicy", name: partName(plan, name) };
    return [cluster.resource(head, origin, { targetRefs, cors: corsOf(native) })];
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
