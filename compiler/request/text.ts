import { routeLine } from "../plan/explain.js";
import { operationName } from "../plan/names.js";
import { formatSpan, type Span } from "../syntax/source.js";
import type { Answer } from "./answer.js";
import type { RequestExplanation, Routed } from "./explain.js";
import type { Reason, Verdict } from "./verdict.js";

/** An explanation for people. */
export function requestText(explanation: RequestExplanation): string {
  const { request, changes, routed, answer } = explanation;
  const lines = [
    `${label("request")}${request.method} ${request.target}, host ${request.host === "" ? "(empty)" : request.host}, from ${request.source}`,
    `${label("listener")}${request.listener.name}${place(request.listener.origin)}`,
    ...changes.map((change, index) => `${label(index === 0 ? "changed" : "")}${change}`),
    ...(routed === undefined ? [] : routedLines(routed)),
    "",
    ...answerLines(answer),
    ...(routed?.decision === undefined ? [] : [`${label("decision")}${routed.decision}`]),
    ...(routed?.shadow === undefined ? [] : [`${label("shadow")}${routed.shadow}`]),
  ];
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

const WIDTH = 10;

function label(text: string): string {
  return text.padEnd(WIDTH);
}

function place(origin: Span): string {
  return `  ${formatSpan(origin)}`;
}

function routedLines({ host, route, nearMisses, steps }: Routed): string[] {
  return [
    `${label("route")}${route.name}${place(route.origin)}`,
    `${label("")}${routeLine(host, route)}`,
    ...(route.operation === undefined
      ? []
      : [`${label("operation")}${operationName(route.operation)}${place(route.operation.operation.origin)}`]),
    ...nearMisses.map(
      (miss, index) => `${label(index === 0 ? "not" : "")}${miss.route}: ${miss.why}${place(miss.origin)}`,
    ),
    "",
    ...(steps.length === 0 ? [`${label("policies")}none`] : steps.flatMap(stepLines)),
  ];
}

function stepLines({ policy, applied, verdict }: Routed["steps"][number], index: number): string[] {
  const how = `by ${applied.via}${place(applied.origin)}`;
  const head = `${label(index === 0 ? "policies" : "")}${index + 1}. ${policy.name} (${policy.kind})${place(policy.origin)}, ${how}`;
  const indent = " ".repeat(WIDTH + 3);
  if (verdict === undefined)
    return [head, `${indent}${policy.decide === undefined ? "not modelled by explain" : "not reached"}`];
  return [
    head,
    `${indent}${OUTCOMES[verdict.outcome]}: ${verdict.summary}`,
    ...verdict.reasons.flatMap((reason) => reasonLines(reason, `${indent}  `)),
  ];
}

const OUTCOMES: Readonly<Record<Verdict["outcome"], string>> = {
  allowed: "allowed",
  answered: "answered",
  denied: "denied",
  counted: "counted",
  asked: "asked elsewhere",
  open: "not known",
  skipped: "does not apply",
};

function reasonLines({ text, truth, origin, because = [] }: Reason, indent: string): string[] {
  const head = `${indent}${truth === undefined ? "" : `${truth.padEnd(7)} `}${text}${origin === undefined ? "" : place(origin)}`;
  return [
    head,
    ...because.flatMap((inner) => reasonLines(inner, `${indent}${" ".repeat(truth === undefined ? 2 : 8)}`)),
  ];
}

function answerLines({ text, instead, removed, written, answerHeaders, rewritten = {} }: Answer): string[] {
  return [
    `${label("answer")}${text}`,
    ...instead.map(({ status, policy }) => `${label("")}${status} instead once the limit ${policy} is used up`),
    ...Object.entries(rewritten).map(([what, value]) => `${label("")}the service is asked for the ${what} ${value}`),
    ...Object.entries(written).map(([name, value]) => `${label("")}the service gets ${name}: ${value}`),
    ...(removed.length === 0 ? [] : [`${label("")}the service does not get ${removed.join(", ")}`]),
    ...(answerHeaders.length === 0 ? [] : [`${label("")}the answer gets ${answerHeaders.join(", ")}`]),
  ];
}

/** The same as plain data: places as `file:line:column`. */
export function requestData({ request, changes, routed, answer }: RequestExplanation): unknown {
  return {
    request: { ...request, listener: request.listener.name },
    changes,
    ...(routed === undefined ? {} : { route: routeData(routed), policies: routed.steps.map(stepData) }),
    ...(routed?.decision === undefined ? {} : { decision: routed.decision }),
    ...(routed?.shadow === undefined ? {} : { shadow: routed.shadow }),
    answer: routed === undefined ? answer : { ...answer, route: routed.route.name },
  };
}

function routeData({ path, host, route, nearMisses }: Routed) {
  return {
    name: route.name,
    origin: formatSpan(route.origin),
    ...(route.operation === undefined ? {} : { operation: operationName(route.operation) }),
    virtualHost: host.name,
    path,
    nearMisses: nearMisses.map((miss) => ({ ...miss, origin: formatSpan(miss.origin) })),
  };
}

function stepData({ policy, applied, verdict }: Routed["steps"][number]) {
  return {
    policy: policy.name,
    kind: policy.kind,
    origin: formatSpan(policy.origin),
    via: applied.via,
    applied: formatSpan(applied.origin),
    ...(verdict === undefined
      ? { outcome: policy.decide === undefined ? "not-modelled" : "not-reached" }
      : { outcome: verdict.outcome, summary: verdict.summary, reasons: verdict.reasons.map(reasonData) }),
  };
}

function reasonData({ text, truth, origin, because }: Reason): unknown {
  return {
    text,
    ...(truth === undefined ? {} : { truth }),
    ...(origin === undefined ? {} : { origin: formatSpan(origin) }),
    ...(because === undefined ? {} : { because: because.map(reasonData) }),
  };
}
