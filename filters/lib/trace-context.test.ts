import { beforeAll, describe, expect, it } from "vitest";
import { TraceLibrary } from "../../test/support/trace-library.js";
import type { B3Headers } from "../../test/support/trace-model.js";
import { contextCases, unmet, valuesOf, w3cCases } from "../../test/support/trace-suites.js";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SHORT = "8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const NEXT = 0x00f0_67aa_0ba9_02b7n;
const NEXT_TEXT = "00f067aa0ba902b7";

let lib: TraceLibrary;
beforeAll(async () => {
  lib = await TraceLibrary.load();
});

describe("the W3C suite", () => {
  it("has 41 cases", () => {
    expect(new Set(w3cCases.map(({ name }) => name)).size).toBe(41);
  });

  it("is passed by nobody who sends on what comes in", () => {
    const passed = w3cCases.filter(({ requests }) => requests.every((one) => unmet(one, [one.headers]).length === 0));
    expect(passed).toEqual([]);
  });

  it.each(w3cCases)("$name: $says", ({ requests }) => {
    let span = NEXT;
    for (const request of requests) {
      const received = Array.from({ length: request.times }, () => lib.passOn(request.headers, [++span, span, span]));
      expect(unmet(request, received), JSON.stringify(request.headers)).toEqual([]);
    }
  });
});

describe("a context of another specification", () => {
  it.each(contextCases)("$form, $says ($from)", ({ form, headers, context }) => {
    const [value = ""] = headers.map(([, text]) => text);
    const b3Headers: B3Headers = Object.fromEntries(
      ["traceId", "spanId", "sampled", "flags"].flatMap((part) =>
        valuesOf(headers, `x-b3-${part.toLowerCase()}`).map((text) => [part, text]),
      ),
    );
    const readers = {
      w3c: () => lib.traceparent(value),
      b3: () => lib.b3(value),
      b3multi: () => lib.b3Multi(b3Headers),
      jaeger: () => lib.uberTraceId(value),
    };
    expect(readers[form]() ?? null).toEqual(context);
  });
});

describe("traceparent", () => {
  it.each([
    [`00-${TRACE}-${SPAN}-00`, TRACE, SPAN, false, false],
    [`00-${TRACE}-${SPAN}-02`, TRACE, SPAN, false, true],
    [`00-${TRACE}-${SPAN}-ff`, TRACE, SPAN, true, true],
    [`fe-${TRACE}-${SPAN}-01`, TRACE, SPAN, true, false],
    [`01-${TRACE}-${SPAN}-01-`, TRACE, SPAN, true, false],
    [`01-${TRACE}-${SPAN}-01-x y,Z`, TRACE, SPAN, true, false],
    [`00-${"0".repeat(31)}1-${"0".repeat(15)}1-01`, `${"0".repeat(31)}1`, `${"0".repeat(15)}1`, true, false],
    [`00-1${"0".repeat(31)}-1${"0".repeat(15)}-01`, `1${"0".repeat(31)}`, `1${"0".repeat(15)}`, true, false],
  ])("%s is a context", (text, traceId, spanId, sampled, random) => {
    expect(lib.traceparent(text)).toEqual({ traceId, spanId, sampled, ...(random && { random }) });
  });

  it.each([
    ["white space", " ".repeat(60)],
    ["a version in capital letters", `0A-${TRACE}-${SPAN}-01`],
    ["capital letters in the trace id", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ["capital letters in the span id", `00-${TRACE}-${SPAN.toUpperCase()}-01`],
    ["capital letters in the flags", `00-${TRACE}-${SPAN}-0A`],
    ["one flag of a later version", `01-${TRACE}-${SPAN}-1`],
    ["two, joined", `00-${TRACE}-${SPAN}-01,00-${TRACE}-${SPAN}-01`],
  ])("refuses %s", (_, text) => {
    expect(lib.traceparent(text)).toBeUndefined();
  });

  it("takes no digit but those of the specification, wherever it stands", () => {
    const good = `00-${TRACE}-${SPAN}-01`;
    const form = /^(?!ff)[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
    const mistaken: string[] = [];
    for (let place = 0; place < good.length; place++)
      for (let byte = 0; byte < 256; byte++) {
        const text = `${good.slice(0, place)}${String.fromCharCode(byte)}${good.slice(place + 1)}`;
        if ((lib.traceparent(text) !== undefined) !== form.test(text)) mistaken.push(text);
      }
    expect(mistaken).toEqual([]);
  });
});

describe("b3", () => {
  it.each<[string, B3Headers]>([
    ["nothing", {}],
    ["half a context", { traceId: TRACE, flags: "1" }],
    ["an empty trace id", { traceId: "", spanId: SPAN }],
    ["an empty span id", { traceId: TRACE, spanId: "" }],
    ["a decision of another form, without ids", { sampled: "d" }],
    ["two span ids, joined", { traceId: TRACE, spanId: `${SPAN},${SPAN}` }],
  ])("of many headers refuses %s", (_, headers) => {
    expect(lib.b3Multi(headers)).toBeUndefined();
  });

  it("of many headers may say nothing at all", () => {
    expect(lib.b3Multi({ flags: "0" })).toEqual({});
    expect(lib.b3Multi({ sampled: " FALSE\t" })).toEqual({ sampled: false });
  });

  it("in one header has room for a zero parent, and for white space around it", () => {
    expect(lib.b3(`\t${SHORT}-${SPAN}-0-${"0".repeat(16)} `)).toEqual({
      traceId: SHORT.padStart(32, "0"),
      spanId: SPAN,
      sampled: false,
    });
  });
});

describe("uber-trace-id", () => {
  it.each([
    ["a trace id without digits", `:${SPAN}:0:1`],
    ["no parent", `${TRACE}:${SPAN}::1`],
    ["a parent that is no number", `${TRACE}:${SPAN}:-:1`],
    ["no flags", `${TRACE}:${SPAN}:0:`],
    ["three flags", `${TRACE}:${SPAN}:0:001`],
    ["a fifth number", `${TRACE}:${SPAN}:0:1:1`],
    ["half a colon", `${TRACE}:${SPAN}:0%3`],
    ["another sign, encoded", `${TRACE}%3B${SPAN}:0:1`],
  ])("refuses %s", (_, text) => {
    expect(lib.uberTraceId(text)).toBeUndefined();
  });
});

describe("what is written", () => {
  it("is the context under another span", () => {
    lib.traceparent(`00-${TRACE}-${SPAN}-03`);
    expect(lib.written(NEXT)).toEqual({
      traceparent: `00-${TRACE}-${NEXT_TEXT}-03`,
      b3: `${TRACE}-${NEXT_TEXT}-1`,
      "uber-trace-id": `${TRACE}:${NEXT_TEXT}:0:1`,
      "x-b3-traceid": TRACE,
      "x-b3-spanid": NEXT_TEXT,
    });
  });

  it("has 128 bits of a trace id that came with 64, and says so of no random one", () => {
    lib.b3(`${SHORT}-${SPAN}-0`);
    const long = SHORT.padStart(32, "0");
    expect(lib.written(NEXT)).toMatchObject({
      traceparent: `00-${long}-${NEXT_TEXT}-00`,
      b3: `${long}-${NEXT_TEXT}-0`,
      "uber-trace-id": `${long}:${NEXT_TEXT}:0:0`,
    });
  });

  it("has no decision where there is none, and ours after ours", () => {
    lib.b3(`${TRACE}-${SPAN}`);
    expect(lib.written(NEXT)).toMatchObject({
      traceparent: `00-${TRACE}-${NEXT_TEXT}-00`,
      b3: `${TRACE}-${NEXT_TEXT}`,
      "uber-trace-id": `${TRACE}:${NEXT_TEXT}:0:0`,
    });
    lib.decide(true);
    expect(lib.written(NEXT)).toMatchObject({
      traceparent: `00-${TRACE}-${NEXT_TEXT}-01`,
      b3: `${TRACE}-${NEXT_TEXT}-1`,
    });
    lib.decide(false);
    expect(lib.written(NEXT)).toMatchObject({
      traceparent: `00-${TRACE}-${NEXT_TEXT}-00`,
      b3: `${TRACE}-${NEXT_TEXT}-0`,
    });
  });

  it("says of an id of ours that it is random, and keeps the decision of a caller without ids", () => {
    lib.b3("1");
    lib.begin(1n, 2n ** 64n - 1n);
    expect(lib.written(1n)).toMatchObject({
      traceparent: `00-0000000000000001${"f".repeat(16)}-0000000000000001-03`,
      b3: `0000000000000001${"f".repeat(16)}-0000000000000001-1`,
    });
  });
});
