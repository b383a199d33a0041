import { z } from "zod";
import { exactlyOneOf, fraction } from "../../compiler/policy/values.js";
import { FORMS } from "./context.js";
import { REDACTABLE, TAG_NAME } from "./span.js";

const expression = z.string().max(65_536);

const unique = (values: readonly string[]) => new Set(values).size === values.length;

/** As many as the module keeps in its tables. */
const MOST_RULES = 64;
const MOST_TAGS = 16;
const MOST_PER_SECOND = 100_000;

export const DEFAULT_PER_SECOND = 100;
/** All of them, within `perSecond`. */
const EVERY_TRACE = "100%";

const rule = z.strictObject({
  when: expression
    .describe("Expression over request and caller: the rule holds for requests for which it is true.")
    .meta({ examples: ['request.path == "/healthz"', 'auth.tier == "gold"'] }),
  ratio: fraction.describe("How many of their traces are sampled.").meta({ examples: ["0%", "100%"] }),
});

const sampling = z
  .strictObject({
    ratio: fraction.prefault(EVERY_TRACE).describe("How many of the traces that begin here are sampled."),
    perSecond: z
      .int()
      .min(1)
      .max(MOST_PER_SECOND)
      .optional()
      .describe(
        `Most traces in a second that are sampled, over all workers, whoever decided so: no caller can flood the collector. ${DEFAULT_PER_SECOND} if absent.`,
      ),
    parent: z
      .boolean()
      .default(true)
      .describe("Whether the decision of a caller holds, where it sends one. `false`: every trace is decided here."),
    rules: z
      .array(rule)
      .max(MOST_RULES)
      .default([])
      .describe("Other ratios for some requests; the first rule that holds decides in the place of `ratio`."),
  })
  .describe("Which traces are sampled.");

/** Written as in RFC 3986, without what would need an escape. */
const path = z
  .string()
  .max(1024)
  .regex(/^(\/[A-Za-z0-9._~-]+)+\/?$/, "a path such as /api/v2/spans");

function collector(where: string, defaultPath: string) {
  return z
    .union([
      z.string(),
      z.strictObject({
        service: z.string().describe("Name of a service under `services`."),
        path: path.default(defaultPath).describe("Where it takes spans."),
      }),
    ])
    .transform((spec) => (typeof spec === "string" ? { service: spec, path: defaultPath } : spec))
    .describe(
      `Name of a service under \`services\`, which takes spans at ${defaultPath}; or that with a path. ${where}`,
    )
    .meta({ examples: ["collector", { service: "collector", path: defaultPath }] });
}

export const settings = z
  .strictObject({
    propagate: z
      .array(z.enum(FORMS))
      .min(1)
      .refine(unique, "a form is named twice")
      .meta({ uniqueItems: true })
      .default(["w3c"])
      .describe(
        "In which headers services are told of the trace: `w3c` (traceparent, tracestate), `b3` (one header), `b3multi` (x-b3-traceid and others), `jaeger` (uber-trace-id). All four are read of requests, these first and in this order; the first that is there decides.",
      )
      .meta({ examples: [["w3c"], ["w3c", "b3"]] }),
    sample: z
      .union([fraction.transform((ratio) => ({ ratio, perSecond: undefined, parent: true, rules: [] })), sampling])
      .prefault(EVERY_TRACE)
      .describe(
        "Which traces are sampled: a percentage of those that begin here, or a mapping. A caller's decision holds, and 100 a second are the most in any case.",
      )
      .meta({ examples: ["10%", { ratio: "10%", perSecond: 50 }] }),
    always: expression
      .optional()
      .describe(
        "Expression over request, caller and answer: spans of a request for which it is true are sent although its trace is not sampled. They are those of this gateway alone, as services were told so before.",
      )
      .meta({ examples: ["response.status >= 500", 'response.duration > duration("1s")'] }),
    tags: z
      .record(
        z.string().regex(TAG_NAME, "a tag has up to 64 letters, digits, `.`, `_` and `-`, and starts with a letter"),
        expression.describe("Expression that gives a string, an int or a bool; no tag where it is unknown."),
      )
      .refine((tags) => Object.keys(tags).length <= MOST_TAGS, `at most ${MOST_TAGS} tags`)
      .meta({ maxProperties: MOST_TAGS })
      .default({})
      .describe("Attributes of the span beside those that it has by itself; a text is cut at 256 bytes.")
      .meta({ examples: [{ customer: "auth.consumer", tier: "auth.tier" }] }),
    redact: z
      .array(z.enum(REDACTABLE))
      .refine(unique, "an attribute is named twice")
      .meta({ uniqueItems: true })
      .default([])
      .describe("Attributes of the span that are left out. The query and credentials are never in it.")
      .meta({ examples: [["client.address", "user_agent.original"]] }),
    baggage: z
      .enum(["pass", "drop"])
      .default("pass")
      .describe(
        "Whether services get the header `baggage` of the request: `pass` hands it on within the limits of W3C Baggage, 64 members and 8192 bytes, and drops what is larger.",
      ),
    service: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/, "a name of up to 63 letters, digits, `.`, `_`, `/` and `-`")
      .optional()
      .describe("`service.name` of the spans; the name of the gateway if absent.")
      .meta({ examples: ["shop"] }),
    export: z
      .strictObject({
        zipkin: collector("In the form of Zipkin v2, as JSON.", "/api/v2/spans").optional(),
        otlp: collector("In the form of OpenTelemetry, by HTTP.", "/v1/traces").optional(),
      })
      .meta(exactlyOneOf("zipkin", "otlp"))
      .optional()
      .describe(
        "Where spans go, by exactly one of `zipkin` and `otlp`. Absent: the trace is handed on, and no span made.",
      ),
    native: z
      .boolean()
      .default(false)
      .describe(
        "`true`: Envoy's own tracer does it, in the place of the module. What that cannot do is an error that names the key.",
      ),
  })
  .describe("Which trace a request belongs to, and the spans of this gateway in it.");

export type Settings = z.output<typeof settings>;
