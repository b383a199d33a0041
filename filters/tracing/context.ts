import type { ResultHeader } from "../../compiler/plan/plan.js";

/** Ways to tell a service which trace its request belongs to. */
export const FORMS = ["w3c", "b3", "b3multi", "jaeger"] as const;
export type Form = (typeof FORMS)[number];

/** Headers of all of these, which are read of requests and then written anew: what a client sent never gets past a policy. */
export const CONTEXT_HEADERS = [
  "b3",
  "baggage",
  "traceparent",
  "tracestate",
  "uber-trace-id",
  "x-b3-flags",
  "x-b3-parentspanid",
  "x-b3-sampled",
  "x-b3-spanid",
  "x-b3-traceid",
] as const;

/** What the module may leave in filter state, by the names that routes tell it by. */
export const TOLD = ["traceparent", "tracestate", "baggage", "b3", "b3-multi", "uber-trace-id", "trace-id"] as const;

const WRITTEN: Readonly<Record<Form, readonly ResultHeader[]>> = {
  w3c: [
    { name: "traceparent", property: "traceparent" },
    { name: "tracestate", property: "tracestate" },
  ],
  b3: [{ name: "b3", property: "b3" }],
  b3multi: [
    { name: "x-b3-traceid", property: "b3-trace-id", told: "b3-multi" },
    { name: "x-b3-spanid", property: "b3-span-id", told: "b3-multi" },
    { name: "x-b3-sampled", property: "b3-sampled", told: "b3-multi" },
  ],
  jaeger: [{ name: "uber-trace-id", property: "uber-trace-id" }],
};

/** The headers that services get. Baggage has no form but that of W3C, whatever the trace is told in. */
export function writtenHeaders(forms: readonly Form[], passesBaggage: boolean): ResultHeader[] {
  const baggage = passesBaggage ? [{ name: "baggage", property: "baggage" }] : [];
  return [...forms.flatMap((form) => WRITTEN[form]), ...baggage];
}
