import { type OriginPattern, takesOrigin } from "../../compiler/plan/native.js";
import type { Reason, RequestView, Verdict } from "../../compiler/request/verdict.js";

/** What Envoy's filter for CORS does with a request: it answers preflights, and lets everything else pass. */
export function modelOf(origins: readonly OriginPattern[]): (view: RequestView) => Verdict {
  return (view) => {
    const [origin] = view.header("origin");
    if (origin === undefined) return passed("no Origin, so no browser asks for another origin", []);
    const known = takesOrigin(origins, origin);
    const reasons: Reason[] = [
      { text: `the origin ${JSON.stringify(origin)} is ${known ? "" : "not "}one that may call` },
    ];
    const method = view.attribute("request.method", undefined);
    if (method === "OPTIONS" && view.header("access-control-request-method").length > 0)
      return {
        outcome: "answered",
        summary: `a preflight, answered ${known ? "with leave" : "without leave, so the browser does not call"}`,
        status: 200,
        reasons,
      };
    return passed(
      known
        ? "the answer tells the browser that its script may read it"
        : "the browser keeps the answer from its script",
      reasons,
    );
  };
}

function passed(summary: string, reasons: Reason[]): Verdict {
  return { outcome: "allowed", summary, reasons };
}
