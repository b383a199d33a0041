import { nearest } from "../../diagnostics/suggest.js";
import type { ConsumerPlan, GatewayPlan, ListenerPlan } from "../../plan/plan.js";
import { explainRequest } from "../../request/explain.js";
import { requestData, requestText } from "../../request/text.js";
import { UsageError } from "../exit.js";
import { parseRequest } from "../request.js";

export interface RequestOptions {
  request: string;
  header?: readonly string[];
  as?: string;
  source?: string;
  listener?: string;
  format: "text" | "json";
}

/** The page of `sluice explain --request`. Keys of `env:` references are looked up in the environment of the command. */
export function requestPage(plan: GatewayPlan, options: RequestOptions): string {
  const request = parseRequest(options.request, { ...options, time: Date.now() });
  const explanation = explainRequest(plan, listenerOf(plan, options.listener), request, {
    variables: process.env,
    assumed: options.as === undefined ? undefined : consumerOf(plan, options.as),
  });
  return options.format === "json"
    ? `${JSON.stringify(requestData(explanation), undefined, 2)}\n`
    : requestText(explanation);
}

function listenerOf(plan: GatewayPlan, name: string | undefined): ListenerPlan {
  const found = name === undefined ? plan.listeners[0] : plan.listeners.find((listener) => listener.name === name);
  if (found !== undefined) return found;
  throw unknown(
    "listener",
    name ?? "",
    plan.listeners.map((listener) => listener.name),
  );
}

function consumerOf(plan: GatewayPlan, name: string): ConsumerPlan {
  const found = plan.consumers.find((consumer) => consumer.name === name);
  if (found !== undefined) return found;
  throw unknown(
    "consumer",
    name,
    plan.consumers.map((consumer) => consumer.name),
  );
}

function unknown(what: string, name: string, names: readonly string[]): UsageError {
  const known = nearest(name, names);
  const hint =
    known === undefined
      ? `; there ${names.length === 1 ? "is" : "are"}: ${names.join(", ") || "none"}`
      : `; did you mean ${known}?`;
  return new UsageError(`no ${what} is named ${name}${hint}`);
}
