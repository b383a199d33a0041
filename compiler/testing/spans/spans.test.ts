import { describe, expect, it } from "vitest";
import type { Span } from "../../traces/span.js";
import { callersIn } from "./callers.js";
import type { ExpectedSpans } from "./expected.js";
import { spanFacts, spanLines } from "./facts.js";
import { Collected, spanDifferences } from "./match.js";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const CALLER = { traceId: TRACE, spanId: "b7ad6b7169203331" };

function span(
  id: string,
  name: string,
  rest: Partial<Omit<Span, "tags">> & { tags?: Record<string, string> } = {},
): Span {
  const { tags = {}, ...others } = rest;
  return {
    traceId: TRACE,
    id: id.padStart(16, "0"),
    name,
    shared: false,
    kind: "internal",
    service: "shop",
    events: [],
    ...others,
    tags: new Map(Object.entries(tags)),
  };
}

const SERVER = span("1", "GET /orders/{id}", {
  kind: "server",
  parentId: CALLER.spanId,
  tags: { "http.response.status_code": "200", customer: "acme" },
});
const KEY = span("2", "authenticate partners-only", { parentId: SERVER.id });
const SERVICE = span("3", "GET orders", {
  kind: "client",
  parentId: SERVER.id,
  error: "503",
  tags: { "server.port": "9001" },
});
const ALL = [SERVER, KEY, SERVICE];

/** `path what: expected, actual` of each difference. */
function found(expected: ExpectedSpans, spans: readonly Span[] = ALL): string[] {
  return spanDifferences(expected, new Collected(spans, [CALLER])).map(
    ({ path, what, expected: wanted, actual }) => `${path.join(".")} ${what}: ${wanted}, ${actual}`,
  );
}

describe("spans that are as expected", () => {
  it.each<[ExpectedSpans, readonly Span[]]>([
    ["none", []],
    [[{ name: "GET orders" }, { name: "GET /orders/{id}" }], ALL],
    [[{ name: "GET /orders/{id}", kind: "server", parent: "caller", service: "shop", error: false }], ALL],
    [[{ name: "GET orders", kind: "client", parent: "GET /orders/{id}", error: true }], ALL],
    [[{ name: "~GET .*", tags: { "server.port": true } }], ALL],
    [
      [
        {
          name: "GET /orders/{id}",
          tags: { customer: "~ac.+", "http.response.status_code": "200", "url.path": false },
        },
      ],
      ALL,
    ],
    // The first would take what the second needs.
    [[{ name: "~.*" }, { name: "~(GET|PUT) .*" }, { name: "GET orders" }], ALL],
    [[{ name: "GET /", parent: "none" }], [span("1", "GET /")]],
  ])("%j", (expected, spans) => {
    expect(found(expected, spans)).toEqual([]);
  });
});

describe("spans that are not", () => {
  it.each<[ExpectedSpans, readonly Span[], string[]]>([
    ["none", ALL, ["spans spans: none, GET /orders/{id}, authenticate partners-only, GET orders"]],
    [[{ name: "GET" }], [], ["spans.0.name span: GET, none"]],
    [
      [{ name: "GET orders" }, { name: "GET /orders" }],
      ALL,
      ["spans.1.name span: GET /orders, GET /orders/{id}, authenticate partners-only, GET orders"],
    ],
    [
      [{ name: "GET orders", kind: "server", parent: "caller", service: "orders", error: false }],
      ALL,
      [
        "spans.0.kind kind of span GET orders: server, client",
        "spans.0.parent parent of span GET orders: caller, GET /orders/{id}",
        "spans.0.service service of span GET orders: orders, shop",
        "spans.0.error error of span GET orders: false, true",
      ],
    ],
    [
      [{ name: "~GET .*", tags: { customer: "globex", "http.response.status_code": false, tier: true } }],
      ALL,
      // The one that is nearest.
      [
        "spans.0.tags.customer tag customer of span GET orders: globex, none",
        "spans.0.tags.tier tag tier of span GET orders: any value, none",
      ],
    ],
    [
      [{ name: "~GET .*" }, { name: "~GET .*" }, { name: "~GET .*" }],
      ALL,
      ["spans.2 span ~GET .*: one more, no other"],
    ],
    [
      [{ name: "GET /", parent: "caller" }],
      [span("1", "GET /", { traceId: TRACE.replace("0", "f"), parentId: CALLER.spanId })],
      ["spans.0.parent parent of span GET /: caller, a span that did not come"],
    ],
  ])("%j", (expected, spans, differences) => {
    expect(found(expected, spans)).toEqual(differences);
  });
});

describe("what engines have alike", () => {
  it("is all but ids, times, where a service is and how often it was asked", () => {
    const again = [
      {
        ...SERVICE,
        start: 7n,
        duration: 8n,
        tags: new Map([
          ["server.port", "1"],
          ["http.request.resend_count", "2"],
        ]),
      },
      { ...KEY, id: "9".repeat(16) },
      SERVER,
    ];
    const facts = spanFacts(new Collected(again, [CALLER]));
    expect(facts).toEqual(spanFacts(new Collected(ALL, [CALLER])));
    expect([...facts]).toEqual([
      ["span GET orders", "client, under GET /orders/{id}, error"],
      ["span authenticate partners-only", "internal, under GET /orders/{id}"],
      ["span GET /orders/{id}", "server, under caller; customer=acme; http.response.status_code=200"],
    ]);
  });

  it("does not depend on which of several came first", () => {
    const two = [span("1", "GET /", { tags: { a: "1" } }), span("2", "GET /", { tags: { a: "2" } })];
    const facts = spanFacts(new Collected(two, []));
    expect([...facts.keys()]).toEqual(["span GET /", "span GET /, number 2"]);
    expect(spanFacts(new Collected(two.toReversed(), []))).toEqual(facts);
  });

  it("is shown with every tag", () => {
    expect(spanLines(new Collected([SERVICE], []))).toEqual([
      "GET orders: client, under a span that did not come, error; server.port=9001",
    ]);
  });
});

describe("callers", () => {
  it.each([
    { traceparent: `00-${TRACE}-${CALLER.spanId}-01` },
    { b3: `${TRACE}-${CALLER.spanId}-1-0000000000000001` },
    { b3: `${TRACE.toUpperCase()}-${CALLER.spanId}` },
    { "x-b3-traceid": TRACE, "x-b3-spanid": CALLER.spanId },
    { "uber-trace-id": `${TRACE.slice(1)}:${CALLER.spanId}:0:1` },
    { "uber-trace-id": `${TRACE}%3A${CALLER.spanId}%3A0%3A1` },
  ])("are named by %j", (headers) => {
    expect(callersIn(headers)).toEqual([CALLER]);
  });

  it("have 64 bits of a trace in B3 and Jaeger", () => {
    const short = { traceId: `${"0".repeat(16)}${CALLER.spanId}`, spanId: "0".repeat(15).concat("7") };
    expect(callersIn({ b3: `${CALLER.spanId}-${"7".padStart(16, "0")}` })).toEqual([short]);
    expect(callersIn({ "uber-trace-id": `${CALLER.spanId}:7:0:1` })).toEqual([short]);
  });

  it("are named by nothing else", () => {
    expect(callersIn({})).toEqual([]);
    expect(callersIn({ traceparent: "00-1-2-01", b3: "0", "x-b3-traceid": TRACE, "uber-trace-id": "x" })).toEqual([]);
    expect(callersIn({ traceparent: [`00-${TRACE}-${CALLER.spanId}-01`, "garbage"] })).toEqual([CALLER]);
  });
});
