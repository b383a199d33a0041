import { ALL_REQUESTS, FAULT_DENIED, type FaultPlan } from "../../compiler/plan/native.js";
import { fractionText } from "../../compiler/policy/values.js";
import { fitsHeaders } from "../../compiler/request/match.js";
import type { RequestView, Verdict } from "../../compiler/request/verdict.js";

/** What Envoy's filters for faults do with a request. Which requests they choose by chance cannot be told. */
export function modelOf({ headers, delay, abort }: FaultPlan): (view: RequestView) => Verdict {
  const reasons = [
    ...(delay === undefined ? [] : [{ text: `${sharesOf(delay.share)} held back for ${delay.ms} ms` }]),
    ...(abort === undefined ? [] : [{ text: `${sharesOf(abort.share)} answered ${abort.status}` }]),
  ];
  return (view) => {
    if (!fitsHeaders(headers, view.header)) {
      const names = [...new Set(headers.map(({ name }) => name))].join(", ");
      return { outcome: "skipped", summary: `leaves requests without the right ${names} alone`, reasons: [] };
    }
    if (abort?.share === ALL_REQUESTS)
      return {
        outcome: "denied",
        decision: FAULT_DENIED,
        summary: "answers on purpose",
        status: abort.status,
        reasons,
      };
    return { outcome: "allowed", summary: "disturbs some requests on purpose", reasons };
  };
}

function sharesOf(share: number): string {
  return share === ALL_REQUESTS ? "all requests are" : `${fractionText(share)} of requests are`;
}
