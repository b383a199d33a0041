import { PREFLIGHT } from "../plan/names.js";
import { isInModule, needsService } from "../plan/native.js";
import type { AppliedPolicy, GatewayPlan, HostPlan, ListenerPlan, RoutePlan } from "../plan/plan.js";
import { type Answer, answerOf, type Step } from "./answer.js";
import { matchRoute } from "./match.js";
import { type NearMiss, nearMisses } from "./near-misses.js";
import { arrive, type ClientRequest, type RoutedRequest } from "./request.js";
import type { Verdict } from "./verdict.js";
import { credentialNames, type Surroundings, shownPath, viewOf } from "./view.js";

/** Why a request gets the answer that it gets. */
export interface RequestExplanation {
  /** Secrets in the query are hidden. */
  request: { method: string; target: string; host: string; source: string; listener: ListenerPlan };
  /** What the listener changed before a route was looked for. */
  changes: string[];
  /** Absent if the listener answered itself. */
  routed?: Routed;
  answer: Answer;
}

export interface Routed {
  path: string;
  host: HostPlan;
  route: RoutePlan;
  nearMisses: NearMiss[];
  steps: (Step & { applied: AppliedPolicy })[];
  /** What the guard notes; undefined where it cannot be known. */
  decision: string | undefined;
  /** What it notes of the first policy in shadow that would deny the request. */
  shadow: string | undefined;
}

/** Explains a request by the models of Envoy's routing and of the policy kinds. Counts of limits are not known. */
export function explainRequest(
  plan: GatewayPlan,
  listener: ListenerPlan,
  client: ClientRequest,
  surroundings: Surroundings,
): RequestExplanation {
  const credentials = credentialNames(plan);
  const request = {
    method: client.method,
    target: shownPath(client.target, credentials),
    host: client.host,
    source: client.source,
    listener,
  };
  const arrival = arrive(plan, listener, client);
  if ("status" in arrival)
    return {
      request,
      changes: [],
      answer: byListener(arrival.status, `${arrival.status}, by the listener: ${arrival.reason}`),
    };
  const match = matchRoute(plan, listener.name, arrival.request);
  const changes = arrival.changes.map((change) => shownPath(change, credentials));
  // The last route of every virtual host takes every path, so this is a plan without virtual hosts.
  if (match === undefined) return { request, changes, answer: byListener(404, "404: no route takes it") };
  const steps = stepsOf(plan, match.route, arrival.request, surroundings);
  return {
    request,
    changes,
    routed: {
      path: shownPath(arrival.request.path, credentials),
      host: match.host,
      route: match.route,
      nearMisses: nearMisses({ plan, listener: listener.name }, match, arrival.request, credentials),
      steps,
      decision: decisionOf(match.route, steps),
      shadow: shadowOf(steps),
    },
    answer: withoutSecrets(answerOf(match.route, steps, arrival.request), credentials),
  };
}

function withoutSecrets(answer: Answer, credentials: ReadonlySet<string>): Answer {
  const { path } = answer.rewritten ?? {};
  if (path === undefined) return answer;
  return { ...answer, rewritten: { ...answer.rewritten, path: shownPath(path, credentials) } };
}

function byListener(status: number, text: string): Answer {
  return { outcome: "refused", status, text, instead: [], removed: [], written: {}, answerHeaders: [] };
}

/** Some of Envoy's own filters take their settings from routes to services only. */
const WITHOUT_EFFECT: Verdict = {
  outcome: "allowed",
  summary: "of no effect here: the route leads to no service",
  reasons: [],
};

/** A conversion takes what fits its operation; what fits is in the body, which is not looked at here. */
function conversionOf({ operation }: RoutePlan): Verdict {
  const name = operation?.operation.name ?? "none of its operations";
  return { outcome: "allowed", summary: `converts it for ${name}, unless it does not fit`, reasons: [] };
}

/** The policies of a route in order, asked until one of them answers. */
function stepsOf(
  plan: GatewayPlan,
  route: RoutePlan,
  request: RoutedRequest,
  surroundings: Surroundings,
): Routed["steps"] {
  const policies = new Map(plan.policies.map((policy) => [policy.name, policy]));
  let caller: Verdict["caller"];
  let answered = false;
  const steps: Routed["steps"] = route.run.flatMap((applied) => {
    const policy = policies.get(applied.policy);
    if (policy === undefined) return [];
    if (!answered && policy.conversion !== undefined) return [{ applied, policy, verdict: conversionOf(route) }];
    // What traces stands around all the others, and knows what they found out.
    if (answered || policy.decide === undefined || policy.phase === "trace") return [{ applied, policy }];
    const { native } = policy;
    if (native !== undefined && !isInModule(policy) && needsService(native) && route.action.type !== "forward")
      return [{ applied, policy, verdict: WITHOUT_EFFECT }];
    const verdict = policy.decide(viewOf(plan, route, request, surroundings, caller));
    caller = verdict.caller ?? caller;
    answered = ["answered", "denied", "open"].includes(verdict.outcome);
    return [{ applied, policy, verdict }];
  });
  const whole = viewOf(plan, route, request, surroundings, caller);
  return steps.map((step) =>
    step.policy.phase === "trace" && step.policy.decide !== undefined
      ? { ...step, verdict: step.policy.decide(whole) }
      : step,
  );
}

/** A limit in shadow may deny too, which only a running gateway knows. */
function shadowOf(steps: Routed["steps"]): string | undefined {
  const first = steps.find(({ verdict }) => verdict?.shadow !== undefined);
  return first === undefined ? undefined : `${first.policy.name}${first.verdict?.shadow}`;
}

/** Of what Envoy answers before it, the guard notes nothing; the access log tells what an own filter of Envoy refused. As `filters/modules/pipeline.ts` has it: the last word, but that of a limit only where nobody else said one. */
function decisionOf({ name }: RoutePlan, steps: Routed["steps"]): string | undefined {
  let decision: string | undefined;
  let limited: string | undefined;
  for (const { policy, verdict } of steps) {
    if (verdict?.outcome === "open" || verdict?.outcome === "answered") return undefined;
    if (verdict?.decision === undefined) continue;
    const noted = `${policy.name}${verdict.decision}`;
    if (!isInModule(policy)) return noted;
    if (verdict.outcome === "counted" && decision === undefined) limited = noted;
    else if (verdict.outcome !== "counted") decision = noted;
  }
  // The guard does not know that route: a preflight that nobody answered goes no further.
  if (name === PREFLIGHT) return "sluice denied unknown-route";
  return decision ?? limited ?? "sluice allowed no-policy";
}
