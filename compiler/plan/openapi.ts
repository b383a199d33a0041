import type { GatewayPlan, Phase, PolicyPlan } from "./plan.js";

/** What callers are told by policies before a conversion. */
const STATUSES: Readonly<Partial<Record<Phase, number>>> = {
  ipAccess: 403,
  limit: 429,
  authenticate: 401,
  authorize: 403,
  "limit-by-identity": 429,
  "limit-of-all": 429,
};

/** A policy file has no version of its own. */
const VERSION = "1";

/** The REST faces of a plan as OpenAPI documents, one for each conversion, in the order of the file. */
export function openApiDocuments(plan: GatewayPlan): { path: string; contents: string }[] {
  return plan.policies.flatMap(({ name, conversion }) => {
    if (conversion === undefined) return [];
    const document = conversion.openApi({ title: name, version: VERSION, also: alsoAnswered(plan, name) });
    return [{ path: `openapi/${name}.json`, contents: `${JSON.stringify(document, undefined, 2)}\n` }];
  });
}

/** Statuses of the policies beside a conversion on any of its routes, sorted. */
function alsoAnswered(plan: GatewayPlan, conversion: string): number[] {
  const policies = new Map(plan.policies.map((policy): [string, PolicyPlan] => [policy.name, policy]));
  const routes = plan.hosts.flatMap((host) => host.routes).filter(({ operation }) => operation?.policy === conversion);
  const phases = routes.flatMap(({ run }) => run.flatMap(({ policy }) => policies.get(policy)?.phase ?? []));
  return [...new Set(phases.flatMap((phase) => STATUSES[phase] ?? []))].toSorted((one, other) => one - other);
}
