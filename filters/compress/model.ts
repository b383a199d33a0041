import type { CompressPlan } from "../../compiler/plan/native.js";
import { codingOf } from "../../compiler/request/coding.js";
import type { RequestView, Verdict } from "../../compiler/request/verdict.js";

/** What Envoy's filters for compression do with a request: they look at what the client takes, and let every request pass. */
export function modelOf({ codings }: CompressPlan): (view: RequestView) => Verdict {
  return (view) => {
    const coding = codingOf(codings, view.header("accept-encoding"));
    const summary = coding === undefined ? "compresses nothing" : `compresses the answer, if it is large enough`;
    const text = coding === undefined ? "the client takes none of its algorithms" : `the client takes ${coding}`;
    return { outcome: "allowed", summary, reasons: [{ text }] };
  };
}
