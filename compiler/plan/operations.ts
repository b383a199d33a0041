import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { capturesOf, covers, shapeKey } from "../policy/path.js";
import type { Span } from "../syntax/source.js";
import { type AppliedPolicy, namedRead, type OperationPlan, type PolicyPlan, type RoutePlan } from "./plan.js";

/** A policy of a route that converts its requests. */
export interface Converter {
  applied: AppliedPolicy;
  policy: PolicyPlan;
  operations: readonly OperationPlan[];
}

/** The first policy of a route that converts; others are found by `checkConversions`. */
export function converterOf(
  run: readonly AppliedPolicy[],
  policies: ReadonlyMap<string, PolicyPlan>,
): Converter | undefined {
  for (const applied of run) {
    const policy = policies.get(applied.policy);
    if (policy?.conversion !== undefined) return { applied, policy, operations: policy.conversion.operations };
  }
  return undefined;
}

/**
 * A route with a conversion as one entry for each operation, all with its name, and one that answers 404 to the rest. There the
 * other policies of the route still come first: nobody learns of them which operations there are.
 */
export function splitRoute(route: RoutePlan, { policy, operations }: Converter): RoutePlan[] {
  const entries = operations.map((operation): RoutePlan => {
    const { method, path } = operation.match;
    return {
      ...route,
      match: { ...route.match, path, methods: [method] },
      operation: { policy: policy.name, operation },
    };
  });
  const run = route.run.filter((applied) => applied.policy !== policy.name);
  const captures = new Map(operations.flatMap(({ match }) => capturesOf(match.path)).map((one) => [one.name, one]));
  const of = { policy: policy.name, captures: [...captures.values()] };
  const rest: RoutePlan = { ...route, action: NO_OPERATION, rest: of, run };
  return isExhausted(route, operations) ? entries : [...entries, rest];
}

const NO_OPERATION: RoutePlan["action"] = {
  type: "respond",
  status: 404,
  body: JSON.stringify({ type: "about:blank", title: "Not Found", status: 404 }),
  headers: { "content-type": "application/problem+json" },
};

/** Whether an operation has the very path of a route: then the 405 for other methods of that path is all that is left. */
function isExhausted({ match }: RoutePlan, operations: readonly OperationPlan[]): boolean {
  const key = shapeKey(match.path);
  return operations.some((operation) => shapeKey(operation.match.path) === key);
}

/** What a route must be for its conversion, and the operations of that for the route. */
export function checkConversions(
  route: RoutePlan,
  steps: readonly { item: AppliedPolicy; plan: PolicyPlan }[],
  path: Span,
): Diagnostic[] {
  const [first, ...others] = steps.filter(({ plan }) => plan.conversion !== undefined);
  if (first?.plan.conversion === undefined) return [];
  const { item, plan } = first;
  if (route.action.type !== "forward")
    return [diagnose("SL0438", { policy: plan.name, where: `the route \`${route.name}\` leads` }, item.origin)];
  const { operations } = first.plan.conversion;
  const { rewrite, upgrades, errors } = route.action;
  const unfit = [...(rewrite?.path === undefined ? [] : ["rewrite.path"]), ...(upgrades ? ["websocket"] : [])];
  return [
    ...(errors === undefined ? [] : [diagnose("SL0359", { policy: plan.name, route: route.name }, item.origin)]),
    ...unfit.map((key) => diagnose("SL0339", { policy: plan.name, key, route: route.name }, item.origin)),
    ...others.map((other) =>
      diagnose("SL0439", { policy: other.plan.name, first: plan.name }, other.item.origin, {
        related: [{ message: `\`${plan.name}\` is applied here`, span: item.origin }],
      }),
    ),
    ...operations.flatMap((operation) => outside(operation, route, first, path)),
    ...steps.flatMap((step) => wandering(step, route, operations)),
  ];
}

/** An operation that the route would never get a request of. */
function outside(
  { name, match, origin }: OperationPlan,
  route: RoutePlan,
  { item, plan }: { item: AppliedPolicy; plan: PolicyPlan },
  path: Span,
): Diagnostic[] {
  const { methods } = route.match;
  const takes = covers(route.match.path, match.path) && (methods.length === 0 || methods.includes(match.method));
  if (takes) return [];
  return [
    diagnose("SL0325", { operation: name, policy: plan.name, route: route.name }, item.origin, {
      related: [
        { message: `\`${name}\` is \`${match.method}\` here`, span: origin },
        { message: "the route takes this path", span: path },
      ],
    }),
  ];
}

/** The entries of a route share its name, by which the guard knows where a captured segment stands. */
function wandering(
  { item, plan }: { item: AppliedPolicy; plan: PolicyPlan },
  route: RoutePlan,
  operations: readonly OperationPlan[],
): Diagnostic[] {
  const places = new Map<string, { segment: number; operation: string }>();
  const found = new Map<string, Diagnostic>();
  const read = new Set(namedRead(plan));
  for (const { name: operation, match } of operations)
    for (const { name, segment } of capturesOf(match.path)) {
      const attribute = `route.params.${name}`;
      const first = places.get(name) ?? { segment, operation };
      places.set(name, first);
      if (!read.has(attribute) || first.segment === segment) continue;
      const parameters = { policy: plan.name, attribute, route: route.name, first: first.operation, operation };
      found.set(name, diagnose("SL0327", parameters, item.origin));
    }
  return [...found.values()];
}
