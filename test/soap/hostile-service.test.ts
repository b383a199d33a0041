import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { request } from "../support/http.js";
import { answerText, type RawScript, type RawService, startRaw } from "./servers/raw.js";
import { type Bridge, INTERNAL, keptWsdl, startBridge, told } from "./support/bridge.js";

// What a service may never bring about, whatever it answers: a wrong 200, a part of an answer, a word of its own.

const LIMIT = 32_768;
const SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/";

let service: RawService;
let bridge: Bridge;
let oracle: StandingOracle;

beforeAll(async () => {
  service = await startRaw();
  bridge = await startBridge({
    wsdl: await keptWsdl("cxf", "/crm"),
    port: service.port,
    workers: 2,
    timeout: "2s",
    soap: {
      operations: { GetPartner: { rest: "GET /partners/{id}", unwrap: false }, ListPartners: "GET /partners" },
      faults: { PartnerNotFound: 404 },
      limits: { response: LIMIT },
    },
  });
  oracle = await standingOracle(bridge.gateway.envoy);
});
afterAll(async () => {
  await bridge.stop();
  await service.close();
});

const partner = (members: string, attributes = 'id="7"') =>
  `<c:GetPartnerResponse xmlns:c="urn:example:crm" xmlns:t="urn:example:crm:types" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><partner ${attributes}>${members}</partner></c:GetPartnerResponse>`;
const RIGHT = partner("<t:name>A</t:name><t:remark>b</t:remark><t:active>true</t:active>");
const envelope = (body: string, header = "") =>
  `<e:Envelope xmlns:e="${SOAP11}">${header}<e:Body>${body}</e:Body></e:Envelope>`;
const GOOD = envelope(RIGHT);
const GOOD_JSON = { partner: { "@id": 7, name: "A", remark: "b", active: true, address: [], subsidiary: [] } };
const fault = (code: string, detail = "", text = "db-1 is down") =>
  envelope(`<e:Fault><faultcode>${code}</faultcode><faultstring>${text}</faultstring>${detail}</e:Fault>`);

const whole =
  (body: string | Uint8Array, options?: Parameters<typeof answerText>[1]): RawScript =>
  (socket) =>
    socket.write(answerText(body, options));

async function ask(script: RawScript) {
  service.answer(script);
  return bridge.call("GET /partners/7");
}

describe("a right answer", () => {
  const chunked =
    (body: string, size: number): RawScript =>
    (socket) => {
      const bytes = Buffer.from(body);
      socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/xml; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n");
      for (let at = 0; at < bytes.length; at += size) {
        const part = bytes.subarray(at, at + size);
        socket.write(Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]));
      }
      socket.write("0\r\n\r\n");
    };

  it.each<[string, RawScript]>([
    ["with its length", whole(GOOD)],
    ["in chunks of one byte", chunked(GOOD, 1)],
    ["in chunks of seven bytes", chunked(GOOD, 7)],
    [
      "up to the end of the connection",
      (socket) => socket.end(`HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\n\r\n${GOOD}`),
    ],
    ["in HTTP/1.0", (socket) => socket.end(`HTTP/1.0 200 OK\r\ncontent-type: text/xml\r\n\r\n${GOOD}`)],
    [
      "with a declaration, a byte order mark, comments and CDATA",
      whole(
        `\ufeff<?xml version="1.0" encoding="utf-8"?><!-- a -->${GOOD.replace(">A<", "><!-- b --><![CDATA[A]]><").replace(">b<", ">&#98;<")}\n`,
      ),
    ],
    [
      "with headers of the service that need not be understood",
      whole(envelope(RIGHT, '<e:Header><x:Trace xmlns:x="urn:x" e:mustUnderstand="0">1</x:Trace></e:Header>')),
    ],
    [
      "with the name of its type, or of another that has the same in it",
      whole(GOOD.replace("<partner ", '<partner xsi:type="t:partner" ')),
    ],
  ])("%s is a 200", async (_, script) => {
    expect(told(await ask(script))).toEqual({ status: 200, type: "application/json", body: GOOD_JSON });
  });

  it("has the type and the length of its JSON, and nothing that spoke of the XML", async () => {
    const stale = { etag: '"1"', "content-md5": "x", "content-digest": "sha-256=:x:", digest: "SHA-256=x" };
    const reply = await ask(whole(GOOD, { headers: { "content-type": "text/xml", ...stale } }));
    for (const name of Object.keys(stale)) expect(reply.headers).not.toHaveProperty(name);
    expect(reply.headers["content-type"]).toBe("application/json");
    expect(Number(reply.headers["content-length"])).toBe(reply.body.length);
    expect(reply.headers).not.toHaveProperty("transfer-encoding");
  });
});

describe("a fault", () => {
  const detail =
    '<detail><c:PartnerNotFound xmlns:c="urn:example:crm" xmlns:t="urn:example:crm:types"><t:id>9</t:id></c:PartnerNotFound></detail>';

  it.each([
    ["declared, with 500", 500, fault("e:Client", detail), 404],
    ["declared, with 200", 200, fault("e:Server", detail), 404],
    ["with a code of SOAP that blames the request", 500, fault("e:Client"), 400],
    ["with a longer code that blames the request", 500, fault("e:Client.Auth"), 400],
    ["that blames the service", 500, fault("e:Server"), 502],
    ["with a code of its own", 200, fault("x:Oops"), 502],
    ["whose detail does not fit the schema", 500, fault("e:Client", detail.replace(">9<", ">nine<")), 502],
  ])("%s has its status, and its text stays inside", async (_, status, body, expected) => {
    const reply = await ask(whole(body, { status }));
    expect(told(reply)).toMatchObject({
      status: expected,
      type: "application/problem+json",
      body: { status: expected },
    });
    expect(reply.text).not.toMatch(/db-1/);
    expect(reply.text).not.toMatch(INTERNAL);
  });
});

describe("what is no answer", () => {
  const deep = `${"<a>".repeat(100)}${"</a>".repeat(100)}`;
  const cases: readonly (readonly [string, RawScript])[] = [
    ["nothing", whole("")],
    ["a page", whole("<html><body>It works!</body></html>", { headers: { "content-type": "text/html" } })],
    [
      "a page that breaks",
      whole("<html><p>Error<br></html>", { status: 500, headers: { "content-type": "text/html" } }),
    ],
    ["JSON", whole('{"partner":{}}', { headers: { "content-type": "application/json" } })],
    ["an envelope of the other version", whole(GOOD.replace(SOAP11, "http://www.w3.org/2003/05/soap-envelope"))],
    ["the answer of another operation", whole(envelope('<c:PingResponse xmlns:c="urn:example:crm"/>'))],
    ["an answer in another namespace", whole(GOOD.replace('xmlns:c="urn:example:crm"', 'xmlns:c="urn:example:other"'))],
    ["two answers", whole(envelope(RIGHT + RIGHT))],
    ["an empty body", whole(envelope(""))],
    ["what is behind the envelope", whole(`${GOOD}<more/>`)],
    ["a document type", whole(`<!DOCTYPE e [<!ENTITY x "y">]>${GOOD}`)],
    ["an entity that is not declared", whole(GOOD.replace(">A<", ">&x;<"))],
    ["a part of the XML, with a right length", whole(GOOD.slice(0, -20))],
    [
      "bytes that are no UTF-8",
      whole(Buffer.concat([Buffer.from(GOOD.slice(0, 300)), Buffer.from([0xc3, 0x28]), Buffer.from(GOOD.slice(300))])),
    ],
    ["another encoding", whole(Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?>${GOOD}`, "latin1"))],
    ["a type that its schema does not have", whole(GOOD.replace(">true<", ">perhaps<"))],
    ["an attribute that is not there", whole(GOOD.replace('id="7"', ""))],
    ["an element too many", whole(GOOD.replace("</partner>", "<t:unknown/></partner>"))],
    [
      "elements in another order",
      whole(envelope(partner("<t:remark>b</t:remark><t:name>A</t:name><t:active>true</t:active>"))),
    ],
    [
      "a derived type with more in it",
      whole(
        GOOD.replace("<partner ", '<partner xsi:type="t:special" ').replace("</partner>", "<t:vip>1</t:vip></partner>"),
      ),
    ],
    ["what is too deep", whole(envelope(partner(deep)))],
    ["what is too long", whole(GOOD.replace(">A<", `>${"A".repeat(LIMIT)}<`))],
    [
      "what is too long and does not say so",
      (socket) =>
        socket.end(
          `HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\n\r\n${GOOD.replace(">A<", `>${"A".repeat(2 * LIMIT)}<`)}`,
        ),
    ],
    [
      "a multipart message",
      whole(`--x\r\n\r\n${GOOD}\r\n--x--`, { headers: { "content-type": 'multipart/related; boundary="x"' } }),
    ],
    [
      "what is compressed",
      whole(gzipSync(GOOD), { headers: { "content-type": "text/xml", "content-encoding": "gzip" } }),
    ],
    [
      "a header that must be understood",
      whole(envelope(RIGHT, '<e:Header><x:Pay xmlns:x="urn:x" e:mustUnderstand="1">1</x:Pay></e:Header>')),
    ],
    ["a redirect", whole("", { status: 302, headers: { location: "http://127.0.0.1/elsewhere" } })],
    ["a 404 with a page", whole("<h1>Not Found</h1>", { status: 404, headers: { "content-type": "text/html" } })],
    ["an envelope with a status of a failure", whole(GOOD, { status: 503 })],
  ];

  it.each(cases)("%s is a bad gateway, and no word of it is told", async (_, script) => {
    const reply = await ask(script);
    expect(told(reply)).toMatchObject({ status: 502, type: "application/problem+json", body: { status: 502 } });
    expect(reply.headers).not.toHaveProperty("location");
    expect(reply.headers).not.toHaveProperty("content-encoding");
    expect(reply.text).not.toMatch(/It works|Not Found|elsewhere|urn:/);
    expect(reply.text.length).toBeLessThan(500);
  });

  it.each<[string, RawScript]>([
    ["at once", (socket) => socket.destroy()],
    ["in the head", (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-ty")],
    ["in the body, which is said to be longer", (socket) => socket.end(answerText(GOOD).subarray(0, -30))],
    [
      "in a chunk",
      (socket) =>
        socket.end(`HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ntransfer-encoding: chunked\r\n\r\nfff\r\n${GOOD}`),
    ],
    [
      "between chunks, when all was said",
      (socket) =>
        socket.end(
          `HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ntransfer-encoding: chunked\r\n\r\n${Buffer.byteLength(GOOD).toString(16)}\r\n${GOOD}\r\n`,
        ),
    ],
  ])("an answer that breaks off %s is never a 200", async (_, script) => {
    const { status, text } = await ask(script);
    expect(status).toBeGreaterThanOrEqual(502);
    expect(text).not.toContain('"partner"');
  });

  it("an answer that does not come in time is a 504", async () => {
    expect((await ask((socket) => socket.write(answerText(GOOD).subarray(0, -30)))).status).toBe(504);
  });

  it("leaves the gateway as it was", async () => {
    service.answer(whole(GOOD));
    const url = bridge.gateway.url("/partners/7");
    await oracle.check({ goodRequest: (agent) => request(url, { agent }) });
  });
});
