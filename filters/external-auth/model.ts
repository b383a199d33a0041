import type { ExternalAuthPlan } from "../../compiler/plan/native.js";
import type { RequestView, Verdict } from "../../compiler/request/verdict.js";

/** What Envoy's filter does with a request: what the service says of it only a running gateway knows. */
export function modelOf({ service, by, timeoutMs, statusOnError }: ExternalAuthPlan): (view: RequestView) => Verdict {
  const reasons = [
    { text: `asks ${service} by ${by === "http" ? "HTTP" : "gRPC"}, within ${timeoutMs} ms` },
    { text: `${statusOnError} if it does not answer` },
  ];
  return () => ({ outcome: "asked", summary: `passes if ${service} lets it`, status: 403, reasons });
}
