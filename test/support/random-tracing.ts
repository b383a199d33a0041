import fc from "fast-check";
import { someOf } from "./random-native.js";
import type { RandomPolicy } from "./random-places.js";
import { SERVICES } from "./random-routes.js";

// Bodies of policies that trace, and what clients say of traces. So many traces a second are no test's.

const FORMS = ["w3c", "b3", "b3multi", "jaeger"] as const;

const propagate = fc
  .tuple(someOf(FORMS, 1), fc.boolean())
  .map(([forms, turned]) => (turned ? forms.toReversed() : forms));

const SHARES = ["0%", "100%", "10%", "0.05%"] as const;

const rules = fc.array(
  fc.record({
    when: fc.constantFrom('request.method == "GET"', 'has(request.headers["x-x"])', 'request.path == "/a"'),
    ratio: fc.constantFrom(...SHARES),
  }),
  { maxLength: 2 },
);

const sample = fc.oneof(
  fc.constantFrom(...SHARES),
  fc.record(
    { ratio: fc.constantFrom(...SHARES), perSecond: fc.constantFrom(5_000, 100_000), parent: fc.boolean(), rules },
    { requiredKeys: [] },
  ),
);

const ALWAYS = [
  "response.status >= 400",
  'response.duration > duration("1h")',
  'request.method == "GET" && response.status == 200',
  'has(response.headers["x-total"]) || auth.tier == "gold"',
] as const;

const TAGS = {
  customer: "auth.consumer",
  method: "request.method",
  gold: 'auth.tier == "gold"',
  "of.x": "route.params.x",
} as const;

const REDACTED = [
  ...["client.address", "http.route", "network.protocol.version", "server.address", "server.port"],
  ...["sluice.decision", "sluice.route", "url.path", "url.scheme", "user_agent.original"],
];

const collector = fc.oneof(
  fc.constantFrom<unknown>(...SERVICES),
  fc.record({ service: fc.constantFrom(...SERVICES), path: fc.constantFrom("/in", "/a/b-c/") }),
);
const sent = fc.oneof(fc.record({ zipkin: collector }), fc.record({ otlp: collector }));

const byModule = fc.record(
  {
    propagate,
    sample,
    always: fc.constantFrom(...ALWAYS),
    tags: someOf(Object.keys(TAGS)).map((names) =>
      Object.fromEntries(Object.entries(TAGS).filter(([name]) => names.includes(name))),
    ),
    redact: someOf(REDACTED),
    baggage: fc.constantFrom("pass", "drop"),
    service: fc.constantFrom("front", "a/b"),
    export: sent,
    native: fc.constant(false),
  },
  { requiredKeys: [] },
);

/** What Envoy's own tracers can say. */
const byEnvoy = fc
  .tuple(fc.boolean(), collector, fc.constantFrom(...SHARES), fc.constantFrom("pass", "drop"))
  .map(([otlp, to, share, baggage]) => ({
    propagate: otlp ? ["w3c"] : ["b3multi"],
    sample: share,
    export: otlp ? { otlp: to } : { zipkin: to },
    baggage,
    native: true,
  }));

export const tracingBody = fc.oneof({ weight: 6, arbitrary: byModule }, { weight: 1, arbitrary: byEnvoy });

/** Envoy has one tracer, and none beside that of the module: where one policy is native, all are like the first. */
export function withOneTracer(policies: readonly RandomPolicy[]): RandomPolicy[] {
  const bodies = policies.flatMap(({ spec }) => (spec.tracing === undefined ? [] : [spec.tracing]));
  if (!bodies.some((body) => JSON.stringify(body).includes('"native":true'))) return [...policies];
  const [first] = bodies;
  return policies.map((policy) =>
    policy.spec.tracing === undefined ? policy : { ...policy, spec: { ...policy.spec, tracing: first } },
  );
}

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

type Pair = readonly [name: string, value: string];

const CONTEXTS: readonly (readonly Pair[])[] = [
  ...["00", "01", "03"].map((flags): Pair[] => [["traceparent", `00-${TRACE}-${SPAN}-${flags}`]]),
  [["traceparent", `cc-${TRACE}-${SPAN}-01-what-will-be`]],
  [["traceparent", `00-${"0".repeat(32)}-${SPAN}-01`]],
  [
    ["traceparent", `00-${TRACE}-${SPAN}-01`],
    ["tracestate", "a=1,b=2"],
    ["tracestate", "c=3"],
  ],
  [
    ["traceparent", `00-${TRACE}-${SPAN}-01`],
    ["traceparent", `00-${TRACE}-${SPAN}-01`],
  ],
  ...["1", "0", "d"].map((decision): Pair[] => [["b3", `${TRACE}-${SPAN}-${decision}`]]),
  [["b3", "0"]],
  [["b3", "1"]],
  [["b3", "x"]],
  [
    ["x-b3-traceid", SPAN],
    ["x-b3-spanid", SPAN],
    ["x-b3-sampled", "1"],
    ["x-b3-parentspanid", SPAN],
  ],
  [["x-b3-sampled", "0"]],
  [["x-b3-flags", "1"]],
  [["uber-trace-id", `${TRACE}:${SPAN}:0:1`]],
  [["uber-trace-id", "1:2:0:0"]],
  [["baggage", "a=b;c, d=%20"]],
  [["baggage", Array.from({ length: 65 }, (_, index) => `a${index}=b`).join(",")]],
];

/** One or two ways in which a client says which trace its request belongs to. */
export const traceHeaders: fc.Arbitrary<readonly Pair[]> = fc
  .array(fc.constantFrom(...CONTEXTS), { minLength: 1, maxLength: 2 })
  .map((all) => all.flat());
