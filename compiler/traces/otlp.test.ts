import { describe, expect, it } from "vitest";
import { readOtlp } from "./otlp.js";
import type { Span, SpansRead } from "./span.js";

const SERVER = {
  traceId: "5B8EFFF798038103D269B633813FC60C",
  spanId: "EEE19B7EC3C1B174",
  parentSpanId: "EEE19B7EC3C1B173",
  name: "GET /orders/{id}",
  kind: 2,
  startTimeUnixNano: "1544712660000000001",
  endTimeUnixNano: "1544712661000000002",
  attributes: [
    { key: "http.request.method", value: { stringValue: "GET" } },
    { key: "http.response.status_code", value: { intValue: "503" } },
    { key: "client.address", value: { stringValue: "192.0.2.7" } },
    { key: "ok", value: { boolValue: false } },
  ],
  events: [{ timeUnixNano: "1544712660300000000", name: "retry", attributes: [{ key: "n", value: { intValue: 2 } }] }],
  status: { code: 2, message: "upstream" },
};
const MINIMAL = { traceId: SERVER.traceId, spanId: SERVER.spanId };

function documentOf(...spans: readonly unknown[]) {
  const attributes = [{ key: "service.name", value: { stringValue: "shop" } }];
  return { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope: { name: "sluice" }, spans }] }] };
}

function spansOf(read: SpansRead): readonly Span[] {
  if (read.outcome === "damaged") throw new Error(read.reason);
  return read.spans;
}

function read(...spans: readonly unknown[]): readonly Span[] {
  return spansOf(readOtlp(JSON.stringify(documentOf(...spans))));
}

function reasonOf(document: unknown): string {
  const read = readOtlp(typeof document === "string" ? document : JSON.stringify(document));
  return read.outcome === "damaged" ? read.reason : "";
}

describe("spans of OTLP", () => {
  it("are read with all that they say", () => {
    expect(read(SERVER)).toEqual([
      {
        traceId: "5b8efff798038103d269b633813fc60c",
        id: "eee19b7ec3c1b174",
        parentId: "eee19b7ec3c1b173",
        shared: false,
        kind: "server",
        name: "GET /orders/{id}",
        service: "shop",
        start: 1_544_712_660_000_000_001n,
        duration: 1_000_000_001n,
        peer: { address: "192.0.2.7" },
        tags: new Map([
          ["http.request.method", "GET"],
          ["http.response.status_code", "503"],
          ["client.address", "192.0.2.7"],
          ["ok", "false"],
        ]),
        events: [{ at: 1_544_712_660_300_000_000n, name: "retry", tags: new Map([["n", "2"]]) }],
        error: "upstream",
      } satisfies Span,
    ]);
  });

  it("may say next to nothing", () => {
    const bare = { resourceSpans: [{ scopeSpans: [{ spans: [MINIMAL] }] }, {}, { scopeSpans: [{}] }] };
    expect(spansOf(readOtlp(JSON.stringify(bare)))).toEqual([
      {
        traceId: "5b8efff798038103d269b633813fc60c",
        id: "eee19b7ec3c1b174",
        shared: false,
        kind: "internal",
        name: "",
        service: "",
        tags: new Map(),
        events: [],
      } satisfies Span,
    ]);
    for (const empty of ['{"resourceSpans":[]}', "{}"]) expect(spansOf(readOtlp(empty))).toEqual([]);
  });

  it("are the same in batches", () => {
    const { resourceSpans } = documentOf(SERVER, MINIMAL);
    expect(readOtlp(JSON.stringify({ batches: resourceSpans }))).toEqual(readOtlp(JSON.stringify({ resourceSpans })));
  });

  it.each([
    ["SPAN_KIND_UNSPECIFIED", 0, "internal"],
    ["SPAN_KIND_INTERNAL", 1, "internal"],
    ["SPAN_KIND_SERVER", 2, "server"],
    ["SPAN_KIND_CLIENT", 3, "client"],
    ["SPAN_KIND_PRODUCER", 4, "producer"],
    ["SPAN_KIND_CONSUMER", 5, "consumer"],
  ])("of kind %s, %i are %s", (name, number, kind) => {
    expect(read({ ...MINIMAL, kind: name }, { ...MINIMAL, kind: number }).map((span) => span.kind)).toEqual([
      kind,
      kind,
    ]);
  });

  it.each([
    ["", undefined],
    ["0000000000000000", undefined],
    ["EEE19B7EC3C1B173", "eee19b7ec3c1b173"],
  ])("with the parent %j", (parentSpanId, parentId) => {
    expect(read({ ...MINIMAL, parentSpanId })[0]?.parentId).toBe(parentId);
  });

  it.each([
    ["as texts", "1544712660000000001", "1544712660000000003", 1_544_712_660_000_000_001n, 2n],
    ["as numbers", 1000, 3000, 1000n, 2000n],
    ["without an end", "1000", undefined, 1000n, undefined],
    ["that end before they begin", "1000", "999", 1000n, undefined],
    ["without a beginning", undefined, "999", undefined, undefined],
  ])("with times %s", (_, startTimeUnixNano, endTimeUnixNano, start, duration) => {
    const [span] = read({ ...MINIMAL, startTimeUnixNano, endTimeUnixNano });
    expect([span?.start, span?.duration]).toEqual([start, duration]);
  });

  it.each([
    [{ stringValue: "a" }, "a"],
    [{ intValue: "-9223372036854775808" }, "-9223372036854775808"],
    [{ intValue: 7 }, "7"],
    [{ doubleValue: 0.5 }, "0.5"],
    [{ doubleValue: "NaN" }, "NaN"],
    [{ boolValue: true }, "true"],
    [{ bytesValue: "aGk=" }, "aGk="],
    [{ arrayValue: { values: [{ stringValue: "a" }, { intValue: "7" }, {}] } }, '["a",7,null]'],
    [{ arrayValue: {} }, "[]"],
    [
      { kvlistValue: { values: [{ key: "k", value: { arrayValue: { values: [{ boolValue: true }] } } }] } },
      '{"k":[true]}',
    ],
    [{}, ""],
    [undefined, ""],
  ])("with the value %j", (value, text) => {
    expect(read({ ...MINIMAL, attributes: [{ key: "x", value }] })[0]?.tags.get("x")).toBe(text);
  });

  it.each([
    ["the status", { status: { code: 2, message: "why" }, attributes: [] }, "why"],
    ["the name of the status", { status: { code: "STATUS_CODE_ERROR" } }, ""],
    [
      "the status without a word, and error.type",
      { status: { code: 2 }, attributes: [{ key: "error.type", value: { stringValue: "503" } }] },
      "503",
    ],
    ["error.type", { attributes: [{ key: "error.type", value: { stringValue: "503" } }] }, "503"],
    ["nothing", { status: { code: 1, message: "fine" } }, undefined],
    ["nothing, as no status is said", { status: {} }, undefined],
  ])("failed by %s", (_, members, error) => {
    expect(read({ ...MINIMAL, ...members })[0]?.error).toBe(error);
  });

  it.each([
    ["the conventions", 3, { "server.address": "orders", "server.port": "9000" }, { address: "orders", port: 9000 }],
    ["older conventions", 3, { "net.peer.name": "orders", "net.peer.port": "9000" }, { address: "orders", port: 9000 }],
    ["a name", 3, { "peer.service": "orders" }, { service: "orders" }],
    ["the address of the connection", 3, { "network.peer.address": "192.0.2.7" }, { address: "192.0.2.7" }],
    ["the caller", 2, { "client.address": "192.0.2.7", "server.address": "shop" }, { address: "192.0.2.7" }],
    ["a port that is none", 3, { "server.port": "70000" }, undefined],
    ["nobody, inside", 1, { "server.address": "orders" }, undefined],
  ])("know the other side by %s", (_, kind, tags, peer) => {
    const attributes = Object.entries(tags).map(([key, text]) => ({ key, value: { stringValue: text } }));
    expect(read({ ...MINIMAL, kind, attributes })[0]?.peer).toEqual(peer);
  });
});

describe("what is no document of spans", () => {
  const place = "resourceSpans[0].scopeSpans[0].spans[0]";

  it.each([
    ["", "it is empty"],
    ["{secret", "it is no JSON"],
    ["[]", "the document: Invalid input: expected object, received array"],
    ['{"message":"not found"}', "the document: `resourceSpans` is needed, or `batches`"],
    ['{"resourceSpans":{}}', "resourceSpans: Invalid input: expected array, received object"],
    [
      '{"batches":[{"scopeSpans":[{"spans":[7]}]}]}',
      "batches[0].scopeSpans[0].spans[0]: Invalid input: expected object",
    ],
  ])("%j: %s", (text, reason) => {
    expect(reasonOf(text)).toContain(reason);
    expect(reasonOf(text)).not.toContain("secret");
  });

  it.each([
    [{ spanId: SERVER.spanId }, ".traceId: Invalid input: expected string"],
    [{ ...MINIMAL, traceId: "W47/95gDgQPSabYzgT/GDA==" }, ".traceId: 32 hexadecimal digits are needed, not all zero"],
    [{ ...MINIMAL, traceId: "0".repeat(32) }, ".traceId: 32 hexadecimal digits are needed, not all zero"],
    [{ ...MINIMAL, spanId: "" }, ".spanId: 16 hexadecimal digits are needed, not all zero"],
    [{ ...MINIMAL, parentSpanId: "7" }, ".parentSpanId: 16 hexadecimal digits are needed, or none at a root"],
    [{ ...MINIMAL, kind: 6 }, ".kind: a number from 0 to 5 is needed"],
    [{ ...MINIMAL, kind: "SERVER" }, ".kind: a number from 0 to 5 is needed"],
    [{ ...MINIMAL, startTimeUnixNano: "1.5" }, ".startTimeUnixNano: a whole number is needed"],
    [{ ...MINIMAL, startTimeUnixNano: -1 }, ".startTimeUnixNano: the number does not fit into 64 bits"],
    [{ ...MINIMAL, endTimeUnixNano: "18446744073709551616" }, ".endTimeUnixNano: the number does not fit into 64 bits"],
    [{ ...MINIMAL, attributes: { a: "b" } }, ".attributes: Invalid input: expected array, received object"],
    [{ ...MINIMAL, attributes: [{ value: {} }] }, ".attributes[0].key: Invalid input: expected string"],
    [{ ...MINIMAL, attributes: [{ key: "a", value: "b" }] }, ".attributes[0].value: Invalid input: expected object"],
    [{ ...MINIMAL, attributes: [{ key: "a", value: { intValue: "x" } }] }, ".value.intValue: a whole number is needed"],
    [
      { ...MINIMAL, attributes: [{ key: "a", value: { stringValue: "b", boolValue: true } }] },
      ".attributes[0].value: a value has one type",
    ],
    [{ ...MINIMAL, status: { code: 3 } }, ".status.code: a number from 0 to 2 is needed"],
    [{ ...MINIMAL, events: [{ name: 7 }] }, ".events[0].name: Invalid input: expected string"],
  ])("%j", (span, reason) => {
    expect(reasonOf(documentOf(span))).toContain(reason);
    expect(reasonOf(documentOf(span))).toContain(place);
  });

  it("is not read to its end if it is deeper than the stack", () => {
    const deep = `${'{"arrayValue":{"values":['.repeat(100_000)}${"]}}".repeat(100_000)}`;
    const text = JSON.stringify(documentOf({ ...MINIMAL, attributes: [{ key: "a", value: "DEEP" }] }));
    expect(reasonOf(text.replace('"DEEP"', deep))).toBe("it is nested too deeply");
  });
});
