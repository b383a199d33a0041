import { beforeAll, describe, expect, it, test } from "vitest";
import { byteTextOf } from "../../compiler/host/byte-text.js";
import type { Pairs } from "../../compiler/host/pairs.js";
import type { Stream } from "../../compiler/host/stream.js";
import { type CompiledModule, type HostOptions, loadModule, ModuleVm } from "../../test/support/module-host.js";
import { soapConfig } from "../../test/support/soap-config.js";
import { crm } from "../../test/support/soap-model.js";

// body.wasm at its border: what it holds, lets go and answers, whatever comes in which parts.

let module: CompiledModule;
beforeAll(async () => {
  module = await loadModule("body");
});

const OPERATIONS = {
  GetPartner: "GET /partners/{id}",
  CreatePartner: { rest: "POST /partners", success: 201, bind: { body: "partner", query: { dryRun: "dryRun" } } },
  Notify: "POST /notes",
};

function vmOf(options: HostOptions = {}, limits: Readonly<Record<string, unknown>> = {}): ModuleVm {
  const vm = new ModuleVm(module, options);
  const soap = soapConfig(crm(), { operations: OPERATIONS, limits });
  const more = soapConfig(crm(), { operations: OPERATIONS, limits: { body: "1Mi", response: "1Mi" } });
  const document = {
    version: 1,
    policies: [
      { name: "crm", soap },
      { name: "other", soap: more },
    ],
  };
  expect(vm.configure(document), vm.lastError).toBe(true);
  return vm;
}

const ROUTE = "xds.route_metadata.filter_metadata.sluice.operation";

interface Sent {
  /** Of the metadata of the route; null if there is none. */
  operation?: string | null;
  method?: string;
  path?: string;
  headers?: Pairs;
  /** Parts of the body; none: the request ends with its headers. */
  body?: readonly string[];
  trailers?: boolean;
}

const PARTNER = { name: "Zoë & Söhne", birthday: null, status: "active", "@version": 3 };
const CREATE: Sent = { body: [JSON.stringify(PARTNER)] };

function send(vm: ModuleVm, sent: Sent = CREATE): Stream {
  const { operation = "crm/CreatePartner", method = "POST", path = "/partners", body = [], trailers = false } = sent;
  const { headers = [["content-type", "application/json"]] } = sent;
  const stream = vm.open({ [ROUTE]: operation ?? undefined });
  const head: Pairs = [[":method", method], [":path", path], [":authority", "crm"], ...headers];
  stream.requestHeaders(head, body.length === 0);
  for (const [index, part] of body.entries())
    stream.requestData(Buffer.from(part), index === body.length - 1 && !trailers);
  if (trailers) stream.requestTrailers([["x-checksum", "1"]]);
  return stream;
}

/** What went to the service; nothing if nothing did. */
function passed({ request }: Stream): { headers: Record<string, string>; body: string } | undefined {
  if (request.headers === undefined) return undefined;
  return { headers: Object.fromEntries(request.headers.pairs()), body: textOf(request.body) };
}

function textOf(parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString();
}

function answered({ answer }: Stream) {
  return {
    status: Number(answer.headers?.get(":status")),
    type: answer.headers?.get("content-type"),
    length: answer.headers?.get("content-length"),
    body: textOf(answer.body),
  };
}

function envelope(body: string): string {
  return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${body}</s:Body></s:Envelope>`;
}

const CREATED = envelope(
  '<c:CreatePartnerResponse xmlns:c="http://example.com/crm"><c:id>7</c:id><c:created>2026-01-02</c:created></c:CreatePartnerResponse>',
);
const XML: Pairs = [["content-type", "text/xml; charset=utf-8"]];

interface Given {
  status?: string;
  headers?: Pairs;
  body?: readonly (string | Uint8Array)[];
  trailers?: boolean;
  details?: string;
}

function answer(stream: Stream, given: Given = {}): Stream {
  const { status = "200", headers = XML, body = [CREATED], trailers = false, details } = given;
  stream.responseHeaders([[":status", status], ...headers], body.length === 0, details);
  for (const [index, part] of body.entries())
    stream.responseData(Buffer.from(part), index === body.length - 1 && !trailers);
  if (trailers) stream.responseTrailers([["x-checksum", "1"]]);
  return stream;
}

describe("a request", () => {
  it("is held until it is whole, and then goes on converted, with the pin of its operation", () => {
    const stream = vmOf().open({ [ROUTE]: "crm/CreatePartner" });
    const text = Buffer.from(JSON.stringify(PARTNER));
    const head: Pairs = [
      [":method", "PUT"],
      [":path", "/partners?dryRun=true"],
      ["content-type", "application/json; charset=UTF-8"],
      ["content-length", String(text.length)],
    ];
    stream.requestHeaders(head, false);
    stream.requestData(text.subarray(0, 9), false);
    expect(passed(stream)).toBeUndefined();
    stream.requestData(text.subarray(9), true);
    const sent = passed(stream);
    expect(sent?.headers).toEqual({
      ":method": "POST",
      ":path": "/partners",
      "content-type": "application/json; charset=UTF-8",
      "content-length": String(Buffer.byteLength(sent?.body ?? "")),
      "x-sluice-pin": "crm/CreatePartner",
    });
    expect(sent?.body).toContain("<n1:name>Zoë &amp; Söhne</n1:name>");
    expect(sent?.body).toContain("<n1:dryRun>true</n1:dryRun>");
    expect(byteTextOf(stream.filterState.get("sluice.soap") ?? new Uint8Array())).toBe("crm/CreatePartner");
  });

  it("is the same in whatever parts it comes, and if trailers end it", () => {
    const vm = vmOf();
    const whole = passed(send(vm));
    const bytes = [...Buffer.from(JSON.stringify(PARTNER))];
    const stream = vm.open({ [ROUTE]: "crm/CreatePartner" });
    stream.requestHeaders(
      [
        [":method", "POST"],
        [":path", "/partners"],
        ["content-type", "application/json"],
      ],
      false,
    );
    for (const byte of bytes) stream.requestData(Uint8Array.of(byte), false);
    stream.requestData(new Uint8Array(0), true);
    expect(passed(stream)?.body).toBe(whole?.body);
    expect(passed(send(vm, { ...CREATE, trailers: true }))?.body).toBe(whole?.body);
  });

  it("of an operation without a body is made of its path, and must have the empty object that stands for one", () => {
    const get: Sent = {
      operation: "crm/GetPartner",
      method: "GET",
      path: "/partners/7?fields=a&fields=b",
      headers: [],
    };
    const sent = passed(send(vmOf(), { ...get, body: ["{}"] }));
    expect(sent?.body).toContain("<n1:id>7</n1:id><n1:fields>a</n1:fields><n1:fields>b</n1:fields>");
    expect(send(vmOf(), { ...get, body: ['{"id":8}'] }).localReply?.status).toBe(400);
  });

  const REFUSED: [string, Sent, number, string][] = [
    ["without a body", {}, 400, "crm denied invalid-request"],
    ["that does not fit", { body: ['{"name":1}'] }, 400, "crm denied invalid-request"],
    ["that is cut off", { body: ['{"name":"a'] }, 400, "crm denied invalid-request"],
    ["of another type", { ...CREATE, headers: [["content-type", "text/xml"]] }, 415, "crm denied media-type"],
    ["of no type", { ...CREATE, headers: [] }, 415, "crm denied media-type"],
    ["of two types", { ...CREATE, headers: TWO_TYPES() }, 415, "crm denied media-type"],
    [
      "in another encoding of text",
      { ...CREATE, headers: [["content-type", "application/json; charset=utf-16"]] },
      415,
      "crm denied media-type",
    ],
    [
      "that is compressed",
      {
        ...CREATE,
        headers: [
          ["content-type", "application/json"],
          ["content-encoding", "gzip"],
        ],
      },
      415,
      "crm denied media-type",
    ],
    ["of a route without an operation", { ...CREATE, operation: null }, 403, "sluice denied unknown-route"],
    ["of an unknown operation", { ...CREATE, operation: "crm/Other" }, 403, "sluice denied unknown-route"],
  ];

  function TWO_TYPES(): Pairs {
    return [
      ["content-type", "application/json"],
      ["content-type", "text/xml"],
    ];
  }

  it.each(REFUSED)("%s is refused, and nothing goes on", (_what, sent, status, decision) => {
    const stream = send(vmOf(), sent);
    expect(passed(stream)).toBeUndefined();
    expect(stream.localReply?.status).toBe(status);
    expect(stream.localReply?.headers).toEqual([["content-type", "application/problem+json"]]);
    expect(JSON.parse(stream.localReply?.body ?? "")).toMatchObject({ type: "about:blank", status });
    expect(byteTextOf(stream.filterState.get("sluice.decision") ?? new Uint8Array())).toBe(decision);
  });

  it("is taken up to its limit, and no byte more, however it comes", () => {
    const vm = vmOf({}, { body: 200 });
    const sized = (size: number) => `{"name":"a","birthday":null,"status":"gone"}`.padEnd(size, " ");
    expect(passed(send(vm, { body: [sized(200)] }))).toBeDefined();
    for (const body of [[sized(201)], [sized(200), " "], ["x".repeat(300_000), "y"]])
      expect(send(vm, { body }).localReply?.status).toBe(413);
    expect(send(vm, { body: ["x".repeat(2_000_000)] }).localReply?.status).toBe(413);
  });
});

describe("an answer", () => {
  const done = (given: Given = {}, options: HostOptions = {}) => {
    const vm = vmOf(options);
    return { vm, stream: answer(send(vm), given) };
  };

  it("is held until it is whole, and then goes on converted", () => {
    const stream = send(vmOf());
    stream.responseHeaders([[":status", "200"], ...XML, ["content-length", "999"]], false);
    stream.responseData(Buffer.from(CREATED.slice(0, 50)), false);
    expect(stream.answer.headers).toBeUndefined();
    stream.responseData(Buffer.from(CREATED.slice(50)), true);
    const json = '{"id":7,"created":"2026-01-02"}';
    expect(answered(stream)).toEqual({
      status: 201,
      type: "application/json",
      length: String(json.length),
      body: json,
    });
  });

  it("is the same in whatever parts it comes, and if trailers end it", () => {
    const whole = answered(done().stream);
    const bytes = [...Buffer.from(CREATED)].map((byte) => Uint8Array.of(byte));
    expect(answered(done({ body: bytes }).stream)).toEqual(whole);
    expect(answered(done({ trailers: true }).stream)).toEqual(whole);
  });

  it("cut off at any byte is 502, and no part of it goes to the client", () => {
    const vm = vmOf();
    for (let end = 1; end < CREATED.length; end++) {
      const { status, body } = answered(answer(send(vm), { body: [CREATED.slice(0, end)] }));
      expect([end, status, body]).toEqual([end, 502, '{"type":"about:blank","title":"Bad Gateway","status":502}']);
    }
  });

  const FAULT =
    "<s:Fault><faultcode>s:Client</faultcode><faultstring>at db7.internal</faultstring><detail>internal</detail></s:Fault>";

  const BAD: [string, Given, number, string][] = [
    ["HTML", { headers: [["content-type", "text/html"]], body: ["<html/>"] }, 502, "answer-not-xml"],
    ["no type", { headers: [] }, 502, "answer-not-xml"],
    ["another charset", { headers: [["content-type", "text/xml; charset=utf-16"]] }, 502, "answer-encoding"],
    ["an encoding", { headers: [...XML, ["content-encoding", "gzip"]] }, 502, "answer-encoding"],
    ["nothing", { body: [] }, 502, "answer-not-xml"],
    ["a document type", { body: [`<!DOCTYPE a>${CREATED}`] }, 502, "answer-doctype"],
    ["another status than its own", { status: "404" }, 502, "answer-status"],
    ["too much", { body: [CREATED, " ".repeat(300_000)] }, 502, "answer-too-large"],
    ["far too much", { body: [" ".repeat(2_000_000), " "] }, 502, "answer-too-large"],
    [
      "a time-out of Envoy's",
      {
        status: "504",
        headers: [["content-type", "text/plain"]],
        body: ["upstream request timeout"],
        details: "response_timeout",
      },
      504,
      "no-answer",
    ],
    [
      "no service",
      {
        status: "503",
        headers: [["content-type", "text/plain"]],
        body: ["no healthy upstream"],
        details: "no_healthy_upstream",
      },
      503,
      "no-answer",
    ],
    [
      "503 of the service itself",
      { status: "503", headers: [["content-type", "text/plain"]], body: ["busy"] },
      502,
      "answer-not-xml",
    ],
  ];

  it.each(BAD)("that is %s gets a problem, and tells nothing of it", (_what, given, status, reason) => {
    const { vm, stream } = done(given);
    expect(answered(stream)).toMatchObject({ status, type: "application/problem+json" });
    expect(Object.keys(JSON.parse(textOf(stream.answer.body)))).toEqual(["type", "title", "status"]);
    expect(byteTextOf(stream.filterState.get("sluice.decision") ?? new Uint8Array())).toBe(`crm denied ${reason}`);
    expect(vm.metrics.get("sluice.soap.crm.error")).toBe(1);
  });

  it("that is a fault tells whom it blames, and nothing else", () => {
    const { stream } = done({ status: "500", body: [envelope(FAULT)] });
    expect(answered(stream)).toMatchObject({
      status: 400,
      body: '{"type":"about:blank","title":"Bad Request","status":400}',
    });
  });

  it("of an operation that has none is empty", () => {
    const vm = vmOf();
    const sent: Sent = { operation: "crm/Notify", path: "/notes", body: ['"hello"'] };
    for (const status of ["200", "202"])
      expect(answered(answer(send(vm, sent), { status, body: [] }))).toMatchObject({ status: 202, body: "" });
    expect(answered(answer(send(vm, sent), { status: "500", headers: [], body: [] })).status).toBe(502);
  });

  it("to a request that was not converted passes as it is", () => {
    const stream = vmOf().open({ [ROUTE]: "crm/CreatePartner" });
    answer(stream, { status: "401", headers: [["content-type", "application/problem+json"]], body: ["{", "}"] });
    expect(answered(stream)).toMatchObject({ status: 401, type: "application/problem+json", body: "{}" });
  });
});

describe("a host that fails", () => {
  const HOST_CALLS = [
    "proxy_get_header_map_pairs",
    "proxy_get_property",
    "proxy_get_buffer_bytes",
    "proxy_set_buffer_bytes",
    "proxy_set_property",
    "proxy_replace_header_map_value",
  ];

  test.each(HOST_CALLS)("at %s lets no request pass", (name) => {
    const failing = new Map<string, number>();
    const vm = vmOf({ failing });
    failing.set(name, 10);
    const stream = send(vm);
    expect(passed(stream)).toBeUndefined();
    expect([403, 503]).toContain(stream.localReply?.status);
  });

  test.each(HOST_CALLS.filter((name) => !/property/.test(name)))("at %s lets no answer pass", (name) => {
    const failing = new Map<string, number>();
    const vm = vmOf({ failing });
    const stream = send(vm);
    failing.set(name, 10);
    answer(stream);
    expect(answered(stream)).toMatchObject({ status: 503 });
  });
});

it("takes no more memory for the ten-thousandth exchange than for the hundredth", () => {
  const vm = vmOf();
  const turn = (count: number) => {
    for (let i = 0; i < count; i++) {
      answer(send(vm));
      answer(send(vm), { body: [CREATED.slice(0, 99)] });
      send(vm, { body: ['{"name":[]}'] });
    }
  };
  turn(100);
  const pages = vm.pages;
  turn(3_300);
  expect(vm.pages).toBe(pages);
});
