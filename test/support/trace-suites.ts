import { readFileSync } from "node:fs";
import { z } from "zod";

const Headers = z.array(z.tuple([z.string(), z.string()]));
/** Names and values, as they go over the wire. */
export type Headers = z.infer<typeof Headers>;

const W3cRequest = z.strictObject({
  headers: Headers,
  /** How often it is sent; each time another span comes of it. */
  times: z.number().default(1),
  outcome: z.strictObject({
    /** The one that the request names, or one that it does not. */
    trace: z.enum(["kept", "new"]),
    /** Bits of the trace flags that have to be set. */
    flags: z.number().default(0),
    /** Members of the tracestate, in their order; others may stand between them. */
    has: z.array(z.tuple([z.string(), z.string()])).default([]),
    /** Keys that the tracestate has not. */
    lacks: z.array(z.string()).default([]),
    /** How many members the tracestate has. */
    members: z.number().optional(),
    /** Members of which one is in the tracestate. */
    oneOf: z.array(z.string()).optional(),
  }),
});
export type W3cRequest = z.infer<typeof W3cRequest>;
const W3cCase = z.strictObject({ name: z.string(), says: z.string(), requests: z.array(W3cRequest) });
export type W3cCase = z.infer<typeof W3cCase>;

const ContextCase = z.strictObject({
  form: z.enum(["w3c", "b3", "b3multi", "jaeger"]),
  from: z.string(),
  says: z.string(),
  headers: Headers,
  /** Null if the headers are no context: then a trace begins. */
  context: z
    .union([
      z.strictObject({ traceId: z.string(), spanId: z.string(), sampled: z.boolean().optional() }),
      z.strictObject({ sampled: z.boolean() }),
    ])
    .nullable(),
});
export type ContextCase = z.infer<typeof ContextCase>;

/** The cases of the W3C suite: what a service is sent, and what has to come of it. */
export const w3cCases: readonly W3cCase[] = z.array(W3cCase).parse(corpus("w3c-trace-context.json"));
/** One context each, in the form of one of its specifications. */
export const contextCases: readonly ContextCase[] = z.array(ContextCase).parse(corpus("trace-contexts.json"));

function corpus(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../corpora/${name}`, import.meta.url), "utf8"));
}

const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/**
 * What is wrong with what a service got, by the lights of the suite; nothing, if all is well.
 *
 * @param received the headers of each time that the request was sent
 */
export function unmet({ headers, times, outcome }: W3cRequest, received: readonly Headers[]): string[] {
  const wrong = received.flatMap((one) => unmetOnce(headers, outcome, one));
  const spans = received.map((one) => TRACEPARENT.exec(valuesOf(one, "traceparent").join())?.[2]);
  if (received.length !== times) wrong.push(`sent ${received.length} times`);
  if (new Set(spans).size !== spans.length) wrong.push("a span id came twice");
  return wrong;
}

function unmetOnce(sent: Headers, outcome: W3cRequest["outcome"], received: Headers): string[] {
  const traceparent = valuesOf(received, "traceparent").join();
  const [, traceId = "", spanId = "", flags = ""] = TRACEPARENT.exec(traceparent) ?? [];
  const [, sentTrace, sentSpan] = /^[^-]*-([^-]*)-([^-]*)/.exec(valuesOf(sent, "traceparent").join()) ?? [];
  const namesTrace = sent.some(([, value]) => value.includes(traceId));
  const state = valuesOf(received, "tracestate").flatMap((value) => value.split(",").map((member) => member.trim()));
  const members = state.filter((member) => member !== "");
  const places = outcome.has.map(([key, value]) => state.indexOf(`${key}=${value}`));
  const wrong: [isWrong: boolean, what: string][] = [
    [traceId === "", `no traceparent: ${traceparent}`],
    [outcome.trace === "kept" && traceId !== sentTrace, `another trace: ${traceparent}`],
    [outcome.trace === "new" && namesTrace, `no new trace: ${traceparent}`],
    [spanId === sentSpan, `the span of the caller: ${traceparent}`],
    [(Number.parseInt(flags, 16) & outcome.flags) !== outcome.flags, `flags: ${traceparent}`],
    [places.includes(-1), `members are missing: ${state.join()}`],
    [places.some((place, index) => place <= (places[index - 1] ?? -1)), `members are in disorder: ${state.join()}`],
    [outcome.lacks.some((key) => state.some((one) => one.startsWith(`${key}=`))), `too many members: ${state.join()}`],
    [outcome.members !== undefined && outcome.members !== members.length, `${members.length} members`],
    [outcome.oneOf !== undefined && !outcome.oneOf.some((one) => state.includes(one)), `neither: ${state.join()}`],
  ];
  return wrong.filter(([isWrong]) => isWrong).map(([, what]) => what);
}

/** Values of a header, in any case of its name. */
export function valuesOf(headers: Headers, name: string): string[] {
  return headers.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
}
