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
