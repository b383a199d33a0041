import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { NativePolicy } from "./native.js";
import type { PolicyPlan } from "./plan.js";
import type { Collector } from "./tracing.js";

/** What a tracer of Envoy does on a route. It is one for all routes, so what it is for is alike in all policies. */
export interface TracerPlan {
  filter: "tracer";
  collector: Collector;
  /** Whether it writes `traceparent` beside the headers of B3. */
  writesW3c: boolean;
  /** Of a million traces that begin here so many are sampled. */
  millionths: number;
  /** Whether a span has the path of the request, without its query. */
  showsPath: boolean;
  tags: readonly TracerTag[];
}

export interface TracerTag {
  name: string;
  value:
    | { from: "constant"; text: string }
    | { from: "header"; name: string }
    | { from: "attribute"; name: TracerAttribute };
}

/** Attributes that Envoy's tags can have as they are. */
const TRACER_ATTRIBUTES = [
  "auth.consumer",
  "auth.tier",
  "request.id",
  "request.method",
  "request.protocol",
  "route.name",
  "source.ip",
  "source.port",
] as const;
export type TracerAttribute = (typeof TRACER_ATTRIBUTES)[number];

export function isTracerAttribute(name: string): name is TracerAttribute {
  return TRACER_ATTRIBUTES.some((known) => known === name);
}

/** What of the guard's results the tags of a tracer show. */
export function resultsOfTags(native: NativePolicy | undefined): { property: string }[] {
  if (native?.filter !== "tracer") return [];
  return native.tags.flatMap(({ value }) =>
    value.from === "attribute" && value.name.startsWith("auth.")
      ? [{ property: value.name.slice("auth.".length) }]
      : [],
  );
}

/** A policy that a tracer of Envoy carries out. */
type Traced = PolicyPlan & { native: TracerPlan };

export function tracedNatively(policies: readonly PolicyPlan[]): Traced[] {
  return policies.flatMap((policy) =>
    policy.native?.filter === "tracer" ? [{ ...policy, native: policy.native }] : [],
  );
}

/**
 * Envoy has one tracer for all routes of a listener, and all listeners have the same routes: what is alike for all of them must be so
 * in all policies, and no other policy can trace beside them.
 */
export function checkTracers(policies: readonly PolicyPlan[]): Diagnostic[] {
  const natives = tracedNatively(policies);
  const [first] = natives;
  if (first === undefined) return [];
  const related = [{ message: `\`${first.name}\` is here`, span: first.origin }];
  return [
    ...natives.flatMap((policy) => {
      const what = difference(first.native, policy.native);
      const parameters = { policy: policy.name, first: first.name };
      return what === undefined ? [] : [diagnose("SL0472", { ...parameters, what }, policy.origin, { related })];
    }),
    ...policies.flatMap((policy) =>
      policy.phase === "trace" && policy.native === undefined
        ? [diagnose("SL0473", { policy: policy.name, first: first.name }, policy.origin, { related })]
        : [],
    ),
  ];
}

function difference(first: TracerPlan, other: TracerPlan): string | undefined {
  const { service, path, format, spansOf } = first.collector;
  const { collector } = other;
  if (service !== collector.service || path !== collector.path || format !== collector.format) return "export";
  if (spansOf !== collector.spansOf) return "service";
  if (first.writesW3c !== other.writesW3c) return "propagate";
  // With OpenTelemetry it is a sampler that follows callers, and that has the ratio.
  return format === "otlp" && first.millionths !== other.millionths ? "sample.ratio" : undefined;
}
