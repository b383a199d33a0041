import { callersText, destinationOf } from "../plan/callers.js";
import {
  BAD_CAPTURE,
  BAD_HOST,
  BAD_PATH,
  BAD_QUERY,
  generatedAnswer,
  isGenerated,
  METHOD_NOT_ALLOWED,
  NOT_FOUND,
  PREFLIGHT,
} from "../plan/names.js";
import { headerEdits } from "../plan/native.js";
import type { ForwardAction, PolicyPlan, RedirectTarget, RoutePlan } from "../plan/plan.js";
import { cookiesTakenOut, pathWithoutKeys } from "./keys.js";
import type { RoutedRequest } from "./request.js";
import { rewritten } from "./rewrite.js";
import type { Verdict } from "./verdict.js";

/** What the client gets, as far as the policy file tells. */
export interface Answer {
  /**
   * `forwarded` to a service; `answered` as the file says; `refused` by the listener or a policy, or because no route takes it;
   * `unknown`: only a running gateway knows, or whoever has the variables that are not set here.
   */
  outcome: "forwarded" | "answered" | "refused" | "unknown";
  /** Absent where the service chooses it, or where it is not known. */
  status?: number;
  /** The same as a sentence. */
  text: string;
  /** The policy that has the last word, if one has. */
  policy?: string;
  /** Of a forwarded request: where to, by shares. */
  services?: { service: string; weight: number }[];
  timeoutMs?: number;
  /** Of a forwarded request: what the service is asked for, where it is not what the client asked for. */
  rewritten?: { path?: string; host?: string };
  /** Of a redirect; what is absent stays as the request has it. */
  redirect?: RedirectTarget;
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
    (verdict.outcome === "counted" || verdict.outcome === "asked") && verdict.status !== undefined
      ? [{ status: verdict.status, policy: policy.name }]
      : [],
  );
  const none = { instead, removed: [], written: {}, answerHeaders: [] };
  const last = asked.at(-1);
  if (last?.verdict.outcome === "denied" || last?.verdict.outcome === "answered") {
    const { policy, verdict } = last;
    const status = verdict.status ?? 403;
    const outcome = verdict.outcome === "denied" ? "refused" : "answered";
    return { ...none, outcome, status, policy: policy.name, text: `${status}, by ${policy.name}: ${verdict.summary}` };
  }
  if (last?.verdict.outcome === "open") {
    const { policy, verdict } = last;
    const unknown = { ...none, outcome: "unknown", policy: policy.name } as const;
    return { ...unknown, text: `not known, ${verdict.status ?? 403} at worst, by ${policy.name}: ${verdict.summary}` };
  }
  const policies = asked.map(({ policy }) => policy);
  const telling = asked.filter(({ verdict }) => verdict.outcome !== "skipped").map(({ policy }) => policy);
  const answerHeaders = unique(
    telling.flatMap((policy) => policy.responseHeaders.map((header) => header.name)).concat(namesWritten(telling)),
  );
  const caller = asked.findLast(({ verdict }) => verdict.caller !== undefined)?.verdict.caller;
  const path = pathWithoutKeys(request.path, policies);
  const answer = { ...none, answerHeaders, ...withPath(request.path, path, actionAnswer(route, { path }, caller)) };
  if (route.action.type !== "forward") return answer;
  const results = Object.assign({}, ...asked.map(({ verdict }) => verdict.results ?? {}));
  const sent = serviceHeaders(policies, results, request);
  return { ...answer, ...sent, written: { ...sent.written, ...route.operation?.operation.service.headers } };
}

/** Why the routes that the compiler adds answer. */
const REFUSALS: ReadonlyMap<string, string> = new Map([
  [NOT_FOUND, "no route takes the path"],
  [METHOD_NOT_ALLOWED, "no route of the path takes the method"],
  [BAD_HOST, "the host is neither a name nor an IP address"],
  [BAD_PATH, "a service may resolve the path to another one"],
  [BAD_CAPTURE, "the path has something that stands in no host"],
  [BAD_QUERY, "a service may read the query in another way"],
  [PREFLIGHT, "nobody may answer the preflight"],
]);

type OfRoute = Pick<Answer, "outcome" | "status" | "text" | "services" | "timeoutMs" | "redirect" | "rewritten">;

function withinText({ timeoutMs, calls }: ForwardAction): string {
  if (calls === undefined) return `within ${timeoutMs} ms`;
  return `within its grpc-timeout${calls.mostMs === 0 ? "" : ` and ${calls.mostMs} ms`}`;
}

/** What the service is asked for differs where a key was taken out, too. */
function withPath(sent: string, path: string, answer: OfRoute): OfRoute {
  if (answer.outcome !== "forwarded" || sent === path || answer.rewritten?.path !== undefined) return answer;
  return { ...answer, rewritten: { ...answer.rewritten, path } };
}

function actionAnswer(route: RoutePlan, request: Pick<RoutedRequest, "path">, caller: Verdict["caller"]): OfRoute {
  const { action } = route;
  switch (action.type) {
    case "forward": {
      const { consumer } = caller ?? {};
      const known = { consumer: consumer?.name, tier: consumer?.tier, groups: consumer?.groups ?? [] };
      const { to, by } = destinationOf(action, known);
      const total = to.reduce((sum, target) => sum + target.weight, 0);
      const share = (weight: number) =>
        to.length === 1 ? "" : ` (weight ${weight} of ${total}, ${Math.round((100 * weight) / total)} %)`;
      const services = to.map((target) => `${target.service}${share(target.weight)}`).join(", ");
      const whose = by === undefined ? "" : `, where requests of ${callersText(by)} go`;
      const { operation: done } = route;
      const as = done === undefined ? "" : ` as POST ${done.operation.service.path}`;
      const text = `forwarded to ${services}${as}${whose}, ${withinText(action)}`;
      const answer = { outcome: "forwarded", text, services: to, timeoutMs: action.timeoutMs } as const;
      return action.rewrite === undefined ? answer : { ...answer, rewritten: rewritten(action.rewrite, request.path) };
    }
    case "respond":
      return {
        outcome: isGenerated(route) || route.rest !== undefined ? "refused" : "answered",
        status: action.status,
        text: `${action.status}, ${whyRespond(route)}`,
      };
    case "redirect": {
      const { scheme, host, port, path } = action.url;
      const place = `${scheme === undefined ? "" : `${scheme}://`}${host ?? ""}${port === undefined ? "" : `:${port}`}`;
      return {
        outcome: "answered",
        status: action.status,
        redirect: action.url,
        text: `${action.status}, a redirect to ${place}${path ?? `${place === "" ? "" : " with "}the path of the request`}`,
      };
    }
  }
}

function whyRespond(route: RoutePlan): string {
  if (route.rest !== undefined) return `no operation of ${route.rest.policy} takes it`;
  return REFUSALS.get(generatedAnswer(route) ?? "") ?? "answered by the route itself";
}

function serviceHeaders(policies: readonly PolicyPlan[], results: Record<string, string>, request: RoutedRequest) {
  const edits = headerEdits(
    policies.map(({ native }) => native),
    "request",
  );
  const gone = [...policies.flatMap((policy) => policy.removeRequestHeaders), ...edits.remove];
  const written: Record<string, string> = {};
  for (const { name, property } of policies.flatMap((policy) => policy.requestHeaders)) {
    const value = Object.hasOwn(results, property) ? results[property] : undefined;
    if (value !== undefined) written[name] = value;
  }
  for (const { name, value } of edits.set) {
    const found =
      typeof value === "string" ? value : Object.hasOwn(results, value.property) ? results[value.property] : undefined;
    if (found !== undefined) written[name] = found;
  }
  for (const { name, value } of edits.add)
    written[name] = written[name] === undefined ? value : `${written[name]}, ${value}`;
  // What is removed first and then written reaches the service.
  const removed = [
    ...unique(gone).filter((name) => request.headers.has(name) && !Object.hasOwn(written, name)),
    ...cookiesTakenOut(request.headers.get("cookie") ?? [], policies).map((name) => `cookie ${name}`),
  ];
  return { removed, written };
}

function namesWritten(policies: readonly PolicyPlan[]): string[] {
  const { set, add } = headerEdits(
    policies.map(({ native }) => native),
    "response",
  );
  return [...set, ...add].map(({ name }) => name);
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].toSorted();
}
