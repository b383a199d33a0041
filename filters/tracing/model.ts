import type { Collector } from "../../compiler/plan/tracing.js";
import { fractionText } from "../../compiler/policy/values.js";
import { judge } from "../../compiler/request/reasons.js";
import type { Reason, RequestView, Verdict } from "../../compiler/request/verdict.js";
import type { Form } from "./context.js";
import { FORMS } from "./context.js";
import type { Expressions } from "./kind.js";
import { DEFAULT_PER_SECOND, type Settings } from "./settings.js";

/** What a policy makes of the trace of a request. Whether it is sampled depends on its identifier, and on how many there are. */
export function modelOf(
  { propagate, sample, native }: Settings,
  { rules, always, tags }: Expressions,
  collector: Collector | undefined,
): (view: RequestView) => Verdict {
  return (view) => {
    const carried = [...propagate, ...FORMS].find((form) => HEADERS[form].some((name) => view.header(name).length > 0));
    const judged = rules.map(({ when, ratio }) => ({ when, ratio, ...judge(when, view) }));
    const rule = judged.find(({ truth }) => truth === "true");
    const ratio = rule?.ratio ?? sample.ratio;
    const perSecond = collector === undefined || native ? undefined : (sample.perSecond ?? DEFAULT_PER_SECOND);
    const reasons: Reason[] = [
      {
        text:
          carried === undefined
            ? "no caller says which trace it belongs to, so one begins here"
            : `the caller tells its trace by ${HEADERS[carried][0]}, if that is sound`,
      },
      ...(sample.parent && carried !== undefined
        ? [{ text: "whether it is sampled the caller decides, if it says so" }]
        : []),
      ...judged.slice(0, rule === undefined ? judged.length : judged.indexOf(rule) + 1).map(
        ({ when, ratio: share, truth, because }): Reason => ({
          text: `${fractionText(share)} when ${when.text}`,
          truth,
          origin: when.span,
          ...(because.length === 0 ? {} : { because }),
        }),
      ),
      ...(perSecond === undefined ? [] : [{ text: `at most ${perSecond} traces a second` }]),
      ...(always === undefined
        ? []
        : [{ text: `kept in any case if ${always.expression.text}`, origin: always.expression.span }]),
      ...tags.map(({ name, value }) => ({ text: `tag ${name} is ${value.text}`, origin: value.span })),
    ];
    const sent = collector === undefined ? "no span is made" : `spans go to ${collector.service}`;
    const summary = `samples ${fractionText(ratio)} of the traces; ${sent}`;
    return { outcome: "allowed", summary, reasons, ...(native ? {} : { results: writtenOf(view) }) };
  };
}

/** Of what services are told, the form: identifiers are another for each request. */
const IN_FORM: Readonly<Record<string, string>> = {
  traceparent: "00-<trace>-<span>-<flags>",
  b3: "<trace>-<span>-<0 or 1>",
  "b3-trace-id": "<trace>",
  "b3-span-id": "<span>",
  "b3-sampled": "<0 or 1>",
  "uber-trace-id": "<trace>:<span>:0:<flags>",
};

/** What goes on as it came, if it is sound. */
const HANDED_ON = ["tracestate", "baggage"] as const;

/** Values of all headers that some form has, by the results of the module; the plan knows which of them are written. */
function writtenOf(view: RequestView): Record<string, string> {
  const handedOn = HANDED_ON.filter((name) => view.header(name).length > 0);
  return { ...IN_FORM, ...Object.fromEntries(handedOn.map((name) => [name, "<as it came, if it is sound>"])) };
}

/** By which a request tells its trace, the first of them always. */
const HEADERS: Readonly<Record<Form, readonly [string, ...string[]]>> = {
  w3c: ["traceparent"],
  b3: ["b3"],
  b3multi: ["x-b3-traceid", "x-b3-sampled", "x-b3-flags"],
  jaeger: ["uber-trace-id"],
};
