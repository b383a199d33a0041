import { type Diagnostic, diagnose } from "../../compiler/diagnostics/diagnostic.js";
import type { Expression } from "../../compiler/expression/expression.js";
import { isTracerAttribute, type TracerPlan, type TracerTag } from "../../compiler/plan/tracers.js";
import type { Collector } from "../../compiler/plan/tracing.js";
import type { PolicyContext } from "../../compiler/policy/kind.js";
import { CONTEXT_HEADERS, type Form } from "./context.js";
import type { Expressions } from "./kind.js";
import type { Settings } from "./settings.js";

/** The forms that the tracers of Envoy write, as lists of `propagate`. */
const WRITTEN: Readonly<Record<Collector["format"], readonly (readonly Form[])[]>> = {
  zipkin: [["b3multi"], ["b3multi", "w3c"]],
  otlp: [["w3c"]],
};

const TRACERS: Readonly<Record<Collector["format"], string>> = { zipkin: "Zipkin", otlp: "OpenTelemetry" };

/** A policy as Envoy's own tracer carries it out; nothing after what it cannot do was reported. */
export function nativePlan(
  spec: Settings,
  expressions: Expressions,
  collector: Collector | undefined,
  context: PolicyContext,
): TracerPlan | undefined {
  if (collector === undefined) {
    context.report(diagnose("SL0475", { policy: context.policy }, context.place(["native"], "key")));
    return undefined;
  }
  const tags = tagsOf(expressions, context);
  const findings = [...cannotDo(spec, expressions, collector, context), ...tags.findings];
  for (const finding of findings) context.report(finding);
  if (findings.length > 0) return undefined;
  return {
    filter: "tracer",
    collector,
    writesW3c: spec.propagate.includes("w3c"),
    millionths: spec.sample.ratio,
    showsPath: !spec.redact.includes("url.path"),
    tags: tags.sayable,
  };
}

/** Headers that Envoy must not hand on: what a client says of a trace in a form that the tracer does not write. */
export function foreignHeaders({ propagate, baggage, export: to }: Settings): readonly string[] {
  // Envoy's Zipkin tracer knows no `tracestate`, which goes on beside the `traceparent` that it writes.
  const kept = [
    ...(baggage === "pass" ? ["baggage"] : []),
    ...(to?.zipkin !== undefined && propagate.includes("w3c") ? ["tracestate"] : []),
  ];
  return CONTEXT_HEADERS.filter((name) => !kept.includes(name));
}

function cannotDo(
  spec: Settings,
  { always, rules }: Expressions,
  { format }: Collector,
  context: PolicyContext,
): Diagnostic[] {
  const { propagate, sample, redact, service } = spec;
  const tracer = TRACERS[format];
  const forms = WRITTEN[format].map((list) => `[${list.join(", ")}]`).join(" or ");
  const isWritten = WRITTEN[format].some((list) => list.join() === propagate.join());
  const isPartOfName = service !== undefined && service !== context.gateway.name;
  const say = (key: string, reason: string) => unsayable(key, reason, context);
  return [
    ...(isWritten ? [] : [say("propagate", `Envoy's ${tracer} tracer writes ${forms}: say so`)]),
    ...(sample.perSecond === undefined ? [] : [say("sample.perSecond", "Envoy counts no traces; leave it out")]),
    ...(sample.parent ? [] : [say("sample.parent", "Envoy's tracers follow their callers; leave it out")]),
    ...(rules.length === 0
      ? []
      : [say("sample.rules", "Envoy has one ratio for a route; give such requests a route with a policy of its own")]),
    ...(always === undefined
      ? []
      : [say("always", "Envoy decides when a request comes and not at its end; leave it out, or `native`")]),
    ...redact
      .filter((name) => name !== "url.path")
      .map((name) =>
        say(`redact.${redact.indexOf(name)}`, `Envoy's spans always have it in a tag; only url.path can be left out`),
      ),
    ...(isPartOfName && format === "zipkin"
      ? [say("service", "Envoy's Zipkin tracer takes the name of the gateway; leave it out, or export by `otlp`")]
      : []),
  ];
}

/** Tags that Envoy can make: values of the request as they are. */
function tagsOf({ tags }: Expressions, context: PolicyContext) {
  const findings: Diagnostic[] = [];
  const sayable = tags.flatMap(({ name, value }): TracerTag[] => {
    const said = sayableOf(value);
    if (said !== undefined) return [{ name, value: said }];
    const reason = "Envoy's tags are a header, a fact of the request or of the caller, or a constant, as it is";
    findings.push(unsayable(`tags.${name}`, reason, context));
    return [];
  });
  return { sayable, findings };
}

function sayableOf({ tree }: Expression): TracerTag["value"] | undefined {
  if (tree.kind === "constant" && typeof tree.value !== "object") return { from: "constant", text: String(tree.value) };
  if (tree.kind !== "attribute") return undefined;
  const { attribute, argument } = tree;
  if (attribute.name === "request.headers" && argument !== undefined) return { from: "header", name: argument };
  return isTracerAttribute(attribute.name) ? { from: "attribute", name: attribute.name } : undefined;
}

/** @param key path of the body, its parts joined by dots; in a tag's name dots are its own */
function unsayable(key: string, reason: string, { place, policy, node }: PolicyContext): Diagnostic {
  const [first = "", ...rest] = key.split(".");
  const name = rest.join(".");
  const path = rest.length === 0 ? [first] : [first, /^[0-9]+$/.test(name) ? Number(name) : name];
  const span = node(path) === undefined ? place(["native"], "key") : place(path, first === "redact" ? "value" : "key");
  return diagnose("SL0471", { policy, key: key.replace(/^redact\..*/, "redact"), reason }, span);
}
