import { BODY_DENIED, type BodyLimitPlan } from "../../compiler/plan/native.js";
import { sizeText } from "../../compiler/policy/values.js";
import type { RequestView, Verdict } from "../../compiler/request/verdict.js";

/** What Envoy's filter for bodies does with a request, as far as its `content-length` tells. */
export function modelOf({ bytes }: BodyLimitPlan): (view: RequestView) => Verdict {
  return (view) => {
    const [length] = view.header("content-length");
    const reasons = [{ text: `a body may have ${sizeText(bytes)}` }];
    // A gateway that is not asked with a body knows no better; one without a length is measured as it comes.
    if (length === undefined || !(Number(length) > bytes))
      return { outcome: "allowed", summary: "lets bodies pass that are not too large", reasons };
    return { outcome: "denied", decision: BODY_DENIED, summary: "the body is too large", status: 413, reasons };
  };
}
