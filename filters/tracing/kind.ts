import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import {
  checkExpression,
  type Expression,
  headersOf,
  namedOf,
  requirementsOf,
  valuesOf,
} from "../../compiler/expression/expression.js";
import { placeOf, spanOf } from "../../compiler/expression/place.js";
import { type Split, splitByAnswer } from "../../compiler/expression/split.js";
import type { Json, JsonObject } from "../../compiler/plan/plan.js";
import type { TracerPlan } from "../../compiler/plan/tracers.js";
import type { Collector } from "../../compiler/plan/tracing.js";
import { authorityOf } from "../../compiler/policy/authority.js";
import { defineKind, type KindPlan, type PolicyContext } from "../../compiler/policy/kind.js";
import { CONTEXT_HEADERS, writtenHeaders } from "./context.js";
import { lintOf } from "./lint.js";
import { modelOf } from "./model.js";
import { inModule } from "./module.js";
import { foreignHeaders, nativePlan } from "./native.js";
import { DEFAULT_PER_SECOND, type Settings, settings } from "./settings.js";
import { isOwnAttribute } from "./span.js";

/** Conditions of `always` over the request that the module keeps for each stream. */
const MOST_NOTED = 16;

/** Of a million. */
const ALL_TRACES = 1_000_000;

/** The expressions of a policy, each known to be sound. */
export interface Expressions {
  rules: readonly { when: Expression; ratio: number }[];
  always: (Split & { expression: Expression }) | undefined;
  tags: readonly { name: string; value: Expression }[];
}

export const tracing = defineKind({
  name: "tracing",
  summary: "hands on which trace a request belongs to, and sends the spans of this gateway to a collector",
  schema: settings,
  inModule,
  plan(spec, context) {
    const collector = collectorOf(spec, context);
    const rules = checkRules(spec, context);
    const always = checkAlways(spec, context);
    const tags = checkTags(spec, context);
    if (collector === false || rules === undefined || always === false || tags === undefined) return undefined;
    const expressions: Expressions = { rules, always, tags };
    if (!spec.native) return planOf(spec, expressions, collector, context);
    const native = nativePlan(spec, expressions, collector, context);
    return native && planOfTracer(spec, expressions, native, context);
  },
});

/** What a policy is whoever carries it out. */
function commonPlan({ rules, always, tags }: Expressions, context: PolicyContext) {
  const early = [...rules.map(({ when }) => when), ...tags.map(({ value }) => value)];
  const read = always === undefined ? early : [...early, always.expression];
  const wants = read.flatMap(requirementsOf);
  return {
    phase: "trace" as const,
    provides: [],
    requires: [],
    ...(wants.length === 0 ? {} : { wants }),
    readsHeaders: read.flatMap(headersOf),
    readsNamed: read.flatMap(namedOf).filter((name) => !name.startsWith("response.")),
    responseHeaders: [],
    lint: lintOf(context),
  };
}

function planOf(
  spec: Settings,
  expressions: Expressions,
  collector: Collector | undefined,
  context: PolicyContext,
): KindPlan {
  return {
    ...commonPlan(expressions, context),
    ...(collector === undefined ? {} : { collector, asks: [asked(collector, context)] }),
    config: configOf(spec, expressions, collector !== undefined),
    inTests: () => sampledSurely(spec, expressions, collector),
    removeRequestHeaders: CONTEXT_HEADERS,
    requestHeaders: writtenHeaders(spec.propagate, spec.baggage === "pass"),
    decide: modelOf(spec, expressions, collector),
  };
}

/** Envoy reads nothing for the guard then: what its tags show stands in the plan of the tracer. */
function planOfTracer(spec: Settings, expressions: Expressions, native: TracerPlan, context: PolicyContext): KindPlan {
  return {
    ...commonPlan(expressions, context),
    readsHeaders: [],
    readsNamed: [],
    native,
    asks: [asked(native.collector, context)],
    config: {},
    removeRequestHeaders: foreignHeaders(spec),
    requestHeaders: [],
    decide: modelOf(spec, expressions, native.collector),
  };
}

/** Tests ask for one answer: what is sampled at times is sampled always. */
function sampledSurely(
  spec: Settings,
  expressions: Expressions,
  collector: Collector | undefined,
): Pick<KindPlan, "config" | "decide"> {
  const sure = (ratio: number) => (ratio === 0 ? 0 : ALL_TRACES);
  const sample = { ...spec.sample, ratio: sure(spec.sample.ratio) };
  const rules = expressions.rules.map(({ when, ratio }) => ({ when, ratio: sure(ratio) }));
  return {
    config: configOf({ ...spec, sample }, { ...expressions, rules }, collector !== undefined),
    decide: modelOf({ ...spec, sample }, { ...expressions, rules }, collector),
  };
}

function configOf(
  { propagate, sample, redact, baggage }: Settings,
  { rules, always, tags }: Expressions,
  isSent: boolean,
): JsonObject {
  return {
    propagate,
    ratio: sample.ratio,
    ...(isSent ? { perSecond: sample.perSecond ?? DEFAULT_PER_SECOND } : {}),
    ...(sample.parent ? {} : { parent: false }),
    ...(rules.length === 0 ? {} : { rules: rules.map(({ when, ratio }) => ({ when: when.lower(), ratio })) }),
    ...(always === undefined ? {} : { always: { noted: [...always.noted], when: always.when } }),
    ...(tags.length === 0 ? {} : { tags: tags.map(({ name, value }): Json => ({ name, value: value.lower() })) }),
    ...(redact.length === 0 ? {} : { redact: redact.toSorted() }),
    ...(baggage === "pass" ? {} : { baggage: false }),
  };
}

/** @returns false if it is said in a wrong way */
function collectorOf(spec: Settings, context: PolicyContext): Collector | undefined | false {
  if (spec.export === undefined) return undefined;
  const written = (["zipkin", "otlp"] as const).filter((key) => context.node(["export", key]) !== undefined);
  const [format] = written;
  const to = format && spec.export[format];
  if (written.length !== 1)
    context.report(diagnose("SL0468", { policy: context.policy }, context.place(["export"], "key")));
  if (written.length !== 1 || format === undefined || to === undefined) return false;
  return {
    service: to.service,
    authority: authorityOf(to.service, context.gateway.services),
    path: to.path,
    format,
    spansOf: spec.service ?? context.gateway.name,
  };
}

/** Where the service is named: alone, or beside a path. */
function asked({ service, format }: Collector, { node, place }: PolicyContext) {
  const path = ["export", format];
  return { service, origin: place(node(path)?.kind === "map" ? [...path, "service"] : path) };
}

function checkRules({ sample }: Settings, context: PolicyContext): Expressions["rules"] | undefined {
  const rules = sample.rules.flatMap(({ when, ratio }, index) => {
    const expression = read(when, ["sample", "rules", index, "when"], "bool", context);
    return expression === undefined ? [] : [{ when: expression, ratio }];
  });
  return rules.length === sample.rules.length ? rules : undefined;
}

/** @returns false if it is wrong */
function checkAlways({ always }: Settings, context: PolicyContext): Expressions["always"] | false {
  if (always === undefined) return undefined;
  const expression = read(always, ["always"], "bool", context, "response");
  if (expression === undefined) return false;
  const split = splitByAnswer(expression.tree);
  const place = placeOf(context.node(["always"]), context.place(["always"]));
  if ("mixed" in split) {
    for (const range of split.mixed)
      context.report(diagnose("SL0462", { part: expression.text.slice(range.start, range.end) }, spanOf(place, range)));
    return false;
  }
  if (split.noted.length > MOST_NOTED) {
    context.report(diagnose("SL0463", { count: split.noted.length, most: MOST_NOTED }, expression.span));
    return false;
  }
  return { ...split, expression };
}

function checkTags({ tags }: Settings, context: PolicyContext): Expressions["tags"] | undefined {
  const all = Object.entries(tags);
  const sound = all.flatMap(([name, text]) => {
    const isTaken = isOwnAttribute(name);
    if (isTaken) context.report(diagnose("SL0467", { tag: name }, context.place(["tags", name], "key")));
    const value = read(text, ["tags", name], ["string", "int", "bool"], context, "operation");
    if (value !== undefined) context.disclose({ name, as: "tag", reads: valuesOf(value) });
    return isTaken || value === undefined ? [] : [{ name, value }];
  });
  return sound.length === all.length ? sound : undefined;
}

function read(
  text: string,
  path: readonly (string | number)[],
  expect: Parameters<typeof checkExpression>[3],
  context: PolicyContext,
  latest?: "operation" | "response",
): Expression | undefined {
  const where = [...path];
  const { expression, diagnostics } = checkExpression(text, context.node(where), context.place(where), expect, latest);
  for (const diagnostic of diagnostics) context.report(diagnostic);
  return expression;
}
