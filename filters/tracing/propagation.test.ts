import { beforeAll, describe, expect, it } from "vitest";
import { type CompiledModule, loadModule } from "../../test/support/module-host.js";
import { Traced, tracedBy, tracing } from "../../test/support/tracing.js";

// Contexts of traces through guard.wasm: every form in, every form out, as filter state and as headers.

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const CONTEXTS: Readonly<Record<string, readonly [string, string][]>> = {
  w3c: [["traceparent", `00-${TRACE}-${SPAN}-01`]],
  b3: [["b3", `${TRACE}-${SPAN}-1`]],
  b3multi: [
    ["x-b3-traceid", TRACE],
    ["x-b3-spanid", SPAN],
    ["x-b3-sampled", "1"],
  ],
  jaeger: [["uber-trace-id", `${TRACE}:${SPAN}:0:1`]],
};
const FORMS = Object.keys(CONTEXTS);

const started = (more: Readonly<Record<string, unknown>> = {}, beside: Readonly<Record<string, unknown>> = {}) =>
  new Traced(guard, { configuration: tracedBy(tracing({ ratio: 0, ...more }), beside) });

/** The trace, the span and the decision that go on, in the form at hand. */
function carried(state: Record<string, string>): Record<string, (string | undefined)[]> {
  const found: Record<string, (string | undefined)[]> = {};
  const w3c = /^00-(.{32})-(.{16})-0([0-3])$/.exec(state["sluice.traceparent"] ?? "");
  if (w3c !== null) found.w3c = [w3c[1], w3c[2], `${Number(w3c[3]) & 1}`];
  const b3 = /^(.{32})-(.{16})-([01])$/.exec(state["sluice.b3"] ?? "");
  if (b3 !== null) found.b3 = b3.slice(1);
  if (state["sluice.b3-trace-id"] !== undefined)
    found.b3multi = [state["sluice.b3-trace-id"], state["sluice.b3-span-id"], state["sluice.b3-sampled"]];
  const jaeger = /^(.{32}):(.{16}):0:([01])$/.exec(state["sluice.uber-trace-id"] ?? "");
  if (jaeger !== null) found.jaeger = jaeger.slice(1);
  return found;
}

describe.each(FORMS)("a caller's context as %s", (read) => {
  it.each(FORMS)("goes on as %s: the trace and the decision, and a span of its own", (written) => {
    const traced = started({ propagate: [written] });
    const { state } = traced.run({ headers: CONTEXTS[read] ?? [] });
    const found = carried(state);
    expect(Object.keys(found)).toEqual([written]);
    const [trace, span, decision] = found[written] ?? [];
    expect([trace, decision]).toEqual([TRACE, "1"]);
    expect(span).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
    expect(span).not.toBe(SPAN);
    expect(traced.counted("restarted")).toBe(0);
  });
});

describe("of several contexts", () => {
  const both = [...(CONTEXTS.jaeger ?? []), ["b3", "463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-0"] as const];

  it.each([
    [["w3c"], "463ac35c9f6413ad48485a3953bb6124", "0"],
    [["jaeger", "w3c"], TRACE, "1"],
  ])("with `propagate: %j` the first in the order of reading decides", (propagate, trace, decision) => {
    const traced = started({ propagate: [...propagate, ...(propagate.includes("w3c") ? [] : ["w3c"])] });
    expect(carried(traced.run({ headers: both }).state).w3c?.[0]).toBe(trace);
    expect(carried(traced.run({ headers: both }).state).w3c?.[2]).toBe(decision);
  });

  it("one that is bad decides too: the trace begins anew, whatever another form says", () => {
    const traced = started();
    const headers = [["traceparent", "nonsense"] as const, ...(CONTEXTS.b3 ?? [])];
    const found = carried(traced.run({ headers }).state).w3c;
    expect(found?.[0]).not.toBe(TRACE);
    expect(traced.counted("restarted")).toBe(1);
  });
});

describe("a context that is no good", () => {
  it.each([
    ["a traceparent of zeros", [["traceparent", `00-${"0".repeat(32)}-${SPAN}-01`]]],
    ["two traceparents", [...(CONTEXTS.w3c ?? []), ...(CONTEXTS.w3c ?? [])]],
    ["an empty traceparent", [["traceparent", ""]]],
    ["a b3 cut short", [["b3", TRACE]]],
    ["two trace ids of B3", [["x-b3-traceid", TRACE], ...(CONTEXTS.b3multi ?? [])]],
    ["a B3 without its span", [["x-b3-traceid", TRACE]]],
    ["a uber-trace-id of three parts", [["uber-trace-id", `${TRACE}:${SPAN}:0`]]],
    ["60 KiB of traceparent", [["traceparent", "0".repeat(60 << 10)]]],
  ] satisfies [string, (readonly [string, string])[]][])("%s restarts the trace, and nobody is told", (_, headers) => {
    const traced = started({ ratio: 1_000_000 });
    const stream = traced.run({ headers: [...headers, ["tracestate", "a=1"]] });
    expect(stream.passed).toBe(true);
    const { state } = stream;
    expect(carried(state).w3c?.[0]).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(carried(state).w3c?.[0]).not.toBe(TRACE);
    expect(carried(state).w3c?.[2]).toBe("1");
    expect(state["sluice.tracestate"]).toBeUndefined();
    expect(traced.counted("restarted")).toBe(1);
  });

  it("is no restart where a caller sends none, or a decision alone", () => {
    const traced = started({ propagate: ["b3"], ratio: 1_000_000 });
    expect(carried(traced.run().state).b3?.[2]).toBe("1");
    expect(carried(traced.run({ headers: [["b3", "0"]] }).state).b3?.[2]).toBe("0");
    expect(carried(traced.run({ headers: [["x-b3-sampled", "0"]] }).state).b3?.[2]).toBe("0");
    expect(carried(traced.run({ headers: [["b3", "d"]] }).state).b3?.[2]).toBe("1");
    expect(traced.counted("restarted")).toBe(0);
  });
});

describe("tracestate", () => {
  const w3c = CONTEXTS.w3c ?? [];
  const stateOf = (...headers: readonly (readonly [string, string])[]) =>
    started().run({ headers }).state["sluice.tracestate"];

  it("goes on as it came, several lines joined", () => {
    expect(stateOf(...w3c, ["tracestate", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"])).toBe(
      "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7",
    );
    expect(stateOf(...w3c, ["tracestate", "a=1"], ["x-other", "x"], ["tracestate", "b=2"], ["tracestate", "c=3"])).toBe(
      "a=1,b=2,c=3",
    );
  });

  it.each([
    ["bad", [...w3c, ["tracestate", "a=1,=2"]]],
    ["empty", [...w3c, ["tracestate", ""]]],
    ["of 33 members", [...w3c, ["tracestate", Array.from({ length: 33 }, (_, i) => `k${i}=v`).join(",")]]],
    ["of 60 KiB", [...w3c, ["tracestate", `a=${"1".repeat(60 << 10)}`]]],
    [
      "of 60 KiB in lines",
      [...w3c, ...Array.from({ length: 200 }, (_, i) => ["tracestate", `k${i}=${"v".repeat(250)}`])],
    ],
    ["without a traceparent", [["tracestate", "a=1"]]],
    ["beside another form", [...(CONTEXTS.b3 ?? []), ["tracestate", "a=1"]]],
  ] satisfies [string, (readonly string[])[]][])("that is %s is left out", (_, headers) => {
    const pairs = headers.flatMap(([name, value]) =>
      name === undefined || value === undefined ? [] : [[name, value] as const],
    );
    expect(stateOf(...pairs)).toBeUndefined();
  });
});

describe("baggage", () => {
  const of = (values: readonly string[], more: Readonly<Record<string, unknown>> = {}) =>
    started(more).run({ headers: values.map((value) => ["baggage", value] as const) }).state["sluice.baggage"];

  it("goes on within its limits, several lines joined, whatever the form of the context", () => {
    expect(of(["userId=alice;prop=1"])).toBe("userId=alice;prop=1");
    expect(of(["a=1", "b=2"])).toBe("a=1,b=2");
    expect(of(["a=1"], { propagate: ["b3"] })).toBe("a=1");
    const full = `a=${"1".repeat(8190)}`;
    expect(of([full])).toBe(full);
    expect(of(["a=1", `b=${"1".repeat(8186)}`])?.length).toBe(8192);
  });

  it("is dropped beyond them, and where the policy says so", () => {
    expect(of([`a=${"1".repeat(8191)}`])).toBeUndefined();
    expect(of(["a=1", `b=${"1".repeat(8187)}`])).toBeUndefined();
    expect(of([Array.from({ length: 65 }, (_, i) => `k${i}=v`).join(",")])).toBeUndefined();
    expect(of([" , "])).toBeUndefined();
    expect(of(["a=1"], { baggage: false })).toBeUndefined();
  });
});

describe("what is told", () => {
  const all = ["traceparent", "tracestate", "baggage", "b3", "b3-multi", "uber-trace-id", "trace-id"];
  const headers: (readonly [string, string])[] = [...(CONTEXTS.w3c ?? []), ["tracestate", "a=1"], ["baggage", "b=2"]];
  const routes = (tell: readonly string[]) => ({ routes: [{ name: "r", run: ["trace"], tell }] });

  it("is what the route says, from the one context", () => {
    const traced = started({}, routes(all));
    const { state } = traced.run({ headers });
    const span = state["sluice.b3-span-id"];
    expect(span).toMatch(/^[0-9a-f]{16}$/);
    expect(state).toEqual({
      "sluice.traceparent": `00-${TRACE}-${span}-01`,
      "sluice.tracestate": "a=1",
      "sluice.baggage": "b=2",
      "sluice.b3": `${TRACE}-${span}-1`,
      "sluice.b3-trace-id": TRACE,
      "sluice.b3-span-id": span,
      "sluice.b3-sampled": "1",
      "sluice.uber-trace-id": `${TRACE}:${span}:0:1`,
      "sluice.trace-id": TRACE,
    });
  });

  it("is nothing where the route says nothing, and by default what the policy writes", () => {
    expect(started({}, routes([])).run({ headers }).state).toEqual({});
    const { state } = started({ propagate: ["jaeger"] }).run({ headers });
    expect(Object.keys(state).toSorted()).toEqual(["sluice.baggage", "sluice.decision", "sluice.uber-trace-id"]);
  });

  it("of a request that is denied is its trace alone", () => {
    const denied = { name: "rules", authorize: { rules: [], otherwise: "deny" } };
    const more = { routes: [{ name: "r", run: ["trace", "rules"], tell: all }] };
    const traced = new Traced(guard, { configuration: tracedBy(tracing(), more, [denied]) });
    const stream = traced.run({ headers });
    expect(stream.passed).toBe(false);
    expect(stream.state).toEqual({ "sluice.trace-id": TRACE, "sluice.decision": "rules denied otherwise" });
  });

  it("takes one host call each, and nothing else is asked of the host for a trace", () => {
    const calls: string[] = [];
    const vm = { intercept: (name: string) => void calls.push(name) };
    const configuration = tracedBy(tracing(), routes(["traceparent", "tracestate"]));
    const traced = new Traced(guard, { configuration, vm });
    const cost = (more: readonly (readonly [string, string])[]) => {
      calls.length = 0;
      traced.run({ headers: more });
      return [...calls];
    };
    const first = ["proxy_get_property", "proxy_get_header_map_pairs", "random_get", "proxy_set_property"];
    expect(cost([])).toEqual(first);
    // A hundred numbers are asked for at once: three for a trace that begins here, one for another.
    expect(cost([])).toEqual(first.filter((name) => name !== "random_get"));
    expect(cost(headers)).toEqual([...first.filter((name) => name !== "random_get"), "proxy_set_property"]);
  });
});

describe("a host without random numbers, or that takes no result", () => {
  it("lets the request pass, without a trace", () => {
    let failing = false;
    const vm = { intercept: (name: string) => (failing && name === "random_get" ? 1 : undefined) };
    const traced = new Traced(guard, { configuration: tracedBy(tracing()), vm });
    failing = true;
    const found = Array.from({ length: 50 }, () => traced.run()).map(({ passed, state }) => [
      passed,
      carried(state).w3c,
    ]);
    expect(found.every(([passed]) => passed === true)).toBe(true);
    expect(found.at(-1)?.[1]).toBeUndefined();
    failing = false;
    expect(carried(traced.run().state).w3c).toBeDefined();
  });

  it("lets it pass where the host takes no filter state", () => {
    const vm = { intercept: (name: string) => (name === "proxy_set_property" ? 10 : undefined) };
    const more = { routes: [{ name: "r", run: ["trace"], tell: ["traceparent"] }] };
    expect(new Traced(guard, { configuration: tracedBy(tracing(), more), vm }).run().passed).toBe(true);
  });
});

describe("with `results: headers`", () => {
  const written = (propagate: readonly string[], headers: readonly (readonly [string, string])[]) => {
    const traced = started({ propagate }, { results: "headers" });
    const { sent, state } = traced.run({ headers });
    return { sent: Object.fromEntries(sent.filter(([name]) => /trace|b3|baggage/.test(name))), state };
  };
  const everything: (readonly [string, string])[] = [
    ...Object.values(CONTEXTS).flat(),
    ["x-b3-flags", "1"],
    ["x-b3-parentspanid", SPAN],
    ["tracestate", "a=1"],
    ["baggage", "b=2"],
  ];

  it("the module writes the headers of the policy, and removes all others that carry a trace", () => {
    const { sent, state } = written(["w3c"], everything);
    expect(sent).toEqual({
      traceparent: expect.stringMatching(new RegExp(`^00-${TRACE}-(?!${SPAN})[0-9a-f]{16}-01$`)),
      tracestate: "a=1",
      baggage: "b=2",
    });
    expect(Object.keys(state)).toEqual(["sluice.decision"]);
    expect(Object.keys(written(["b3multi", "jaeger"], everything).sent).toSorted()).toEqual([
      "baggage",
      "uber-trace-id",
      "x-b3-sampled",
      "x-b3-spanid",
      "x-b3-traceid",
    ]);
  });

  it("drops what cannot go on", () => {
    const { sent } = written(["w3c"], [...(CONTEXTS.w3c ?? []), ["tracestate", "=bad"], ["baggage", ""]]);
    expect(Object.keys(sent)).toEqual(["traceparent"]);
  });
});
