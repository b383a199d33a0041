import type { PolicyPlan, RouteAction, RoutePlan } from "../plan/plan.js";
import type { RoutedRequest } from "./request.js";
import type { Verdict } from "./verdict.js";

/** What the client gets, as far as the policy file tells. */
export interface Answer {
  /** Absent where the service chooses it. */
  status?: number;
  text: string;
  /** What may be answered instead, because of what only a running gateway knows. */
  instead: { status: number; policy: string }[];
  /** Of a forwarded request: what the service sees of what policies did. Values by header name. */
  removed: string[];
  written: Record<string, string>;
  /** Headers that policies write into the answer. */
  answerHeaders: string[];
}

/** One policy of the route, and what it says if it is reached. */
export interface Step {
  policy: PolicyPlan;
  verdict?: Verdict;
}

/** The answer of a route whose policies were asked in order. */
export function answerOf(route: RoutePlan, steps: readonly Step[], request: RoutedRequest): Answer {
  const asked = steps.flatMap(({ policy, verdict }) => (verdict === undefined ? [] : [{ policy, verdict }]));
  const instead = asked.flatMap(({ policy, verdict }) =>
    verdict.outcome === "counted" && verdict.status !== undefined
      ? [{ status: verdict.status, policy: policy.name }]
      : [],
  );
  const none = { instead, removed: [], written: {}, answerHeaders: [] };
  const last = asked.at(-1);
  if (last?.verdict.outcome === "denied" || last?.verdict.outcome === "answered") {
    const { policy, verdict } = last;
    const status = verdict.status ?? 403;
    return { ...none, status, text: `${status}, by ${policy.name}: ${verdict.summary}` };
  }
  if (last?.verdict.outcome === "open") {
    const { policy, verdict } = last;
    return { ...none, text: `not known, ${verdict.status ?? 403} at worst, by ${policy.name}: ${verdict.summary}` };
  }
  const policies = asked.map(({ policy }) => policy);
  const telling = asked.filter(({ verdict }) => verdict.outcome !== "skipped").map(({ policy }) => policy);
  const answerHeaders = unique(telling.flatMap((policy) => policy.responseHeaders.map((header) => header.name)));
  const answer = { ...none, answerHeaders, ...actionAnswer(route.action) };
  if (route.action.type !== "forward") return answer;
  const results = Object.assign({}, ...asked.map(({ verdict }) => verdict.results ?? {}));
  return { ...answer, ...serviceHeaders(policies, results, request) };
}

function actionAnswer(action: RouteAction): { status?: number; text: string } {
  switch (action.type) {
    case "forward": {
      const total = action.to.reduce((sum, target) => sum + target.weight, 0);
      const share = (weight: number) =>
        action.to.length === 1 ? "" : ` (weight ${weight} of ${total}, ${Math.round((100 * weight) / total)} %)`;
      const services = action.to.map((target) => `${target.service}${share(target.weight)}`).join(", ");
      return { text: `forwarded to ${services}, within ${action.timeoutMs} ms` };
    }
    case "respond":
      return { status: action.status, text: `${action.status}, answered by the route itself` };
    case "redirect": {
      const { scheme, host, port, path } = action.url;
      const place = `${scheme === undefined ? "" : `${scheme}://`}${host ?? ""}${port === undefined ? "" : `:${port}`}`;
      return {
        status: action.status,
        text: `${action.status}, a redirect to ${place}${path ?? `${place === "" ? "" : " with "}the path of the request`}`,
      };
    }
  }
}

function serviceHeaders(policies: readonly PolicyPlan[], results: Record<string, string>, request: RoutedRequest) {
  const removed = unique(policies.flatMap((policy) => policy.removeRequestHeaders)).filter((name) =>
    request.headers.has(name),
  );
  const written: Record<string, string> = {};
  for (const { name, property } of policies.flatMap((policy) => policy.requestHeaders)) {
    const value = Object.hasOwn(results, property) ? results[property] : undefined;
    if (value !== undefined) written[name] = value;
  }
  return { removed, written };
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].toSorted();
}
