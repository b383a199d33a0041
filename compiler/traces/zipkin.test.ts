import { describe, expect, it } from "vitest";
import type { Span, SpansRead } from "./span.js";
import { readZipkin } from "./zipkin.js";

const SERVER = {
  traceId: "463ac35c9f6413ad48485a3953bb6124",
  id: "a2fb4a1d1a96d312",
  parentId: "0020000000000001",
  kind: "SERVER",
  name: "get /orders/{id}",
  timestamp: 1_700_000_000_000_001,
  duration: 1500,
  localEndpoint: { serviceName: "shop", ipv4: "192.0.2.1", port: 8080 },
  remoteEndpoint: { ipv6: "2001:db8::7", port: 40_000 },
  annotations: [{ timestamp: 1_700_000_000_000_200, value: "retry" }],
  tags: { "http.request.method": "GET", "http.response.status_code": "200" },
};
const MINIMAL = { traceId: "48485a3953bb6124", id: "48485a3953bb6124" };

function spansOf(read: SpansRead): readonly Span[] {
  if (read.outcome === "damaged") throw new Error(read.reason);
  return read.spans;
}

function reasonOf(document: unknown): string {
  const read = readZipkin(typeof document === "string" ? document : JSON.stringify(document));
  return read.outcome === "damaged" ? read.reason : "";
}

describe("spans of Zipkin", () => {
  it("are read with all that they say", () => {
    expect(spansOf(readZipkin(JSON.stringify([SERVER])))).toEqual([
      {
        traceId: SERVER.traceId,
        id: SERVER.id,
        parentId: SERVER.parentId,
        shared: false,
        kind: "server",
        name: SERVER.name,
        service: "shop",
        start: 1_700_000_000_000_001_000n,
        duration: 1_500_000n,
        peer: { address: "2001:db8::7", port: 40_000 },
        tags: new Map(Object.entries(SERVER.tags)),
        events: [{ at: 1_700_000_000_000_200_000n, name: "retry", tags: new Map() }],
      } satisfies Span,
    ]);
  });

  it("may say next to nothing; an id of 64 bits is filled up", () => {
    expect(spansOf(readZipkin(JSON.stringify([MINIMAL])))).toEqual([
      {
        traceId: "000000000000000048485a3953bb6124",
        id: MINIMAL.id,
        shared: false,
        kind: "internal",
        name: "",
        service: "",
        tags: new Map(),
        events: [],
      } satisfies Span,
    ]);
  });

  it("are the same in traces as in one list", () => {
    const traces = readZipkin(JSON.stringify([[SERVER, MINIMAL], [MINIMAL]]));
    expect(traces).toEqual(readZipkin(JSON.stringify([SERVER, MINIMAL, MINIMAL])));
    expect(spansOf(readZipkin("[]"))).toEqual([]);
    expect(spansOf(readZipkin("[[]]"))).toEqual([]);
  });

  it.each([
    ["the tag `error`", { error: "reset", "error.type": "503" }, "reset"],
    ["the tag `error` without a word", { error: "" }, ""],
    ["both", { error: "", "error.type": "503" }, "503"],
    ["the tag `error.type`", { "error.type": "503" }, "503"],
    ["no such tag", { "http.response.status_code": "503" }, undefined],
  ])("failed by %s", (_, tags, error) => {
    expect(spansOf(readZipkin(JSON.stringify([{ ...MINIMAL, tags }])))[0]?.error).toBe(error);
  });

  it("name the other side, and who shares the id", () => {
    const [client, server] = spansOf(
      readZipkin(
        JSON.stringify([
          { ...MINIMAL, kind: "CLIENT", remoteEndpoint: { serviceName: "orders", ipv4: "192.0.2.7", port: 0 } },
          { ...MINIMAL, kind: "SERVER", shared: true, remoteEndpoint: {} },
        ]),
      ),
    );
    expect(client).toMatchObject({ kind: "client", shared: false, peer: { service: "orders", address: "192.0.2.7" } });
    expect(server).toMatchObject({ kind: "server", shared: true });
    expect(server).not.toHaveProperty("peer");
  });

  it("may have members that Zipkin does not know, and tags of any name", () => {
    const text = `[{"traceId":"${MINIMAL.traceId}","id":"${MINIMAL.id}","x":1,"tags":{"__proto__":"a","constructor":"b"}}]`;
    expect([...(spansOf(readZipkin(text))[0]?.tags ?? [])]).toContainEqual(["constructor", "b"]);
  });
});

describe("what is no document of spans", () => {
  it.each([
    ["", "it is empty"],
    ["{secret", "it is no JSON"],
    ["{}", "the document: Invalid input: expected array, received object"],
    ["null", "the document: Invalid input: expected array, received null"],
  ])("%j: %s", (text, reason) => {
    expect(reasonOf(text)).toContain(reason);
    expect(reasonOf(text)).not.toContain("secret");
  });

  it.each([
    [[{ ...MINIMAL, id: undefined }], "[0].id: Invalid input: expected string, received undefined"],
    [[MINIMAL, { ...MINIMAL, id: "7" }], "[1].id: 16 lower-case hexadecimal digits are needed, not all zero"],
    [[{ ...MINIMAL, id: "0000000000000000" }], "[0].id: 16 lower-case hexadecimal digits are needed, not all zero"],
    [[{ ...MINIMAL, traceId: "0AF7651916CD43DD8448EB211C80319C" }], "[0].traceId: 16 or 32 lower-case hexadecimal"],
    [[[MINIMAL], [{ ...MINIMAL, parentId: "" }]], "[1][0].parentId: 16 lower-case"],
    [[[MINIMAL], MINIMAL], "[1]: Invalid input: expected array, received object"],
    [[MINIMAL, [MINIMAL]], "[1]: Invalid input: expected object, received array"],
    [[{ ...MINIMAL, kind: "server" }], '[0].kind: Invalid option: expected one of "CLIENT"|"SERVER"'],
    [[{ ...MINIMAL, timestamp: "1700000000000001" }], "[0].timestamp: Invalid input: expected number, received string"],
    [[{ ...MINIMAL, duration: 1.5 }], "[0].duration: Invalid input: expected int"],
    [[{ ...MINIMAL, duration: -1 }], "[0].duration: Too small"],
    [
      [{ ...MINIMAL, tags: { "http.status_code": 200 } }],
      '[0].tags["http.status_code"]: Invalid input: expected string',
    ],
    [[{ ...MINIMAL, localEndpoint: { port: 65_536 } }], "[0].localEndpoint.port: Too big"],
    [[{ ...MINIMAL, annotations: [{ value: "retry" }] }], "[0].annotations[0].timestamp: Invalid input"],
    [[{ ...MINIMAL, shared: "true" }], "[0].shared: Invalid input: expected boolean, received string"],
  ])("%j", (document, reason) => {
    expect(reasonOf(document)).toContain(reason);
  });
});
