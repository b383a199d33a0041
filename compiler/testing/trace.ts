import { operationName } from "../plan/names.js";
import type { ListenerPlan, RoutePlan } from "../plan/plan.js";
import { explainRequest, type RequestExplanation } from "../request/explain.js";
import { formatSpan } from "../syntax/source.js";
import type { SentRequest } from "./client.js";
import type { KeyedGateway } from "./credentials.js";
import type { Exchange } from "./exchange.js";
import { spanLines } from "./spans/facts.js";

/** What the models of Envoy and of the kinds say of a request that was sent. */
export function explained(sent: SentRequest, listener: ListenerPlan, { plan, environment }: KeyedGateway) {
  return explainRequest(plan, listener, sent.client, { variables: environment, assumed: undefined });
}

const WIDTH = 10;
/** Of one request, and of a few more. */
const MOST_SPANS = 20;

/**
 * A request and what became of it, in a few lines: what `sluice explain --request` tells, in short.
 *
 * @param as the consumer that signed it in
 */
export function traceOf(explanation: RequestExplanation, exchange: Exchange, as: string | undefined): string[] {
  const { request, routed, answer } = explanation;
  const who = as === undefined ? "" : `, as ${as}`;
  const policies = (routed?.steps ?? []).map(
    ({ policy, verdict }, index) =>
      `${label(index === 0 ? "policies" : "")}${policy.name}: ${verdict === undefined ? "not reached" : `${verdict.outcome}, ${verdict.summary}`}`,
  );
  return [
    `${label("request")}${request.method} ${request.target}, host ${request.host}, from ${request.source}${who}`,
    routed === undefined
      ? `${label("listener")}${answer.text}`
      : `${label("route")}${nameOf(routed.route)}  ${formatSpan(routed.route.origin)}`,
    ...policies,
    ...(exchange.decision === undefined ? [] : [`${label("decision")}${exchange.decision}`]),
    ...(exchange.shadow === undefined ? [] : [`${label("shadow")}${exchange.shadow}`]),
    `${label("service")}${serviceText(exchange)}`,
    `${label("answer")}${exchange.status}`,
    ...spansText(exchange).map((line, index) => `${label(index === 0 ? "spans" : "")}${line}`),
  ];
}

function nameOf({ name, operation }: RoutePlan): string {
  return operation === undefined ? name : `${name}, ${operationName(operation)}`;
}

function serviceText({ service }: Exchange): string {
  if (service === undefined) return "none";
  return `${service.name} gets ${service.method} ${service.path}${service.byChance ? ", chosen by chance" : ""}`;
}

function spansText({ spans }: Exchange): string[] {
  if (spans === undefined) return [];
  const lines = spanLines(spans);
  const rest = lines.length - MOST_SPANS;
  return rest > 0 ? [...lines.slice(0, MOST_SPANS), `and ${rest} more`] : lines;
}

function label(text: string): string {
  return text.padEnd(WIDTH);
}
