import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { packageRoot } from "../../../compiler/cli/files.js";
import type { RunningEnvoy } from "../../../compiler/runtime/process.js";
import { standingOracle } from "../../../test/support/envoy.js";
import { UPDATING } from "../../../test/support/golden.js";
import { openRaw, type RawReply, request } from "../../../test/support/http.js";
import {
  type Bench,
  capabilitiesIn,
  capabilitiesOf,
  openBench,
  type Plugin,
  withModuleText,
  withPlugins,
} from "../../../test/support/lone-module.js";
import { faultBySchema } from "../../../test/support/module-schema.js";

// What README.md shows: soap.wasm alone, in an Envoy written by hand.

const folder = join(packageRoot(), "filters", "modules", "soap");

let bench: Bench;
let byHand = "";
let envoy: RunningEnvoy;
let url = "";

beforeAll(async () => {
  bench = await openBench(["soap.wasm"], {});
  byHand = await readFile(join(folder, "envoy.yaml"), "utf8");
  if (UPDATING) byHand = await updated(byHand);
  ({ envoy, url } = await bench.serve(byHand));
});

afterAll(async () => {
  await envoy?.stop();
  await bench?.close();
});

const envelope = (body: string) =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${body}</s:Body></s:Envelope>`;
const FOUND = envelope(
  '<c:GetPartnerResponse xmlns:c="urn:crm"><c:partner><c:name>Zoë &amp; Co</c:name><c:balance>12.50</c:balance><c:tags>a</c:tags></c:partner></c:GetPartnerResponse>',
);
const CREATED = envelope('<c:CreatePartnerResponse xmlns:c="urn:crm"><c:id>7</c:id></c:CreatePartnerResponse>');
const XML = { "content-type": "text/xml; charset=utf-8" };
const JSON_TYPE = { "content-type": "application/json" };
const PARTNER = '{"tags":["a","b"],"balance":12.50,"name":"Zoë & Co"}';
const WRITTEN =
  "<n1:CreatePartner><n1:name>Zoë &amp; Co</n1:name><n1:balance>12.50</n1:balance><n1:tags>a</n1:tags><n1:tags>b</n1:tags></n1:CreatePartner>";

beforeEach(() => {
  bench.upstream.clear();
  bench.upstream.reply(({ body }) => ({ headers: XML, body: body.includes("n1:GetPartner") ? FOUND : CREATED }));
});

const create = (body: string, headers: Record<string, string> = JSON_TYPE) =>
  request(`${url}/partners`, { method: "POST", headers, body });

/** What the service was asked; nothing else may have reached it. */
function heardOnce() {
  const [heard, ...others] = bench.upstream.received;
  if (heard === undefined || others.length > 0)
    throw new Error(`${bench.upstream.received.length} requests were heard`);
  return heard;
}

describe("a request for an operation", () => {
  it("reaches the service as SOAP, and comes back as JSON", async () => {
    const reply = await create(PARTNER, {
      ...JSON_TYPE,
      soapaction: "forged",
      accept: "application/json",
      "accept-encoding": "gzip",
    });
    expect([reply.status, reply.text]).toEqual([201, '{"id":7}']);
    expect(reply.headers).toMatchObject({ "content-type": "application/json", "content-length": "8" });
    const heard = heardOnce();
    expect([heard.method, heard.url]).toEqual(["POST", "/services/crm"]);
    expect(heard.body.toString()).toContain(WRITTEN);
    const expected = { "content-type": XML["content-type"], soapaction: '"urn:crm#CreatePartner"', accept: "text/xml" };
    for (const [name, value] of Object.entries(expected)) expect(heard.values(name), name).toEqual([value]);
    expect(heard.values("content-length")).toEqual([String(heard.body.length)]);
    for (const name of ["accept-encoding", "transfer-encoding"]) expect(heard.values(name), name).toEqual([]);
  });

  it("without a body is made of its path and query", async () => {
    const reply = await request(`${url}/partners/7?fields=name&fields=tags`);
    expect([reply.status, reply.text]).toEqual([200, '{"name":"Zoë & Co","balance":12.50,"tags":["a"]}']);
    const heard = heardOnce();
    expect([heard.method, heard.url, heard.values("soapaction")]).toEqual([
      "POST",
      "/services/crm",
      ['"urn:crm#GetPartner"'],
    ]);
    expect(heard.body.toString()).toContain("<n1:id>7</n1:id><n1:fields>name</n1:fields><n1:fields>tags</n1:fields>");
  });

  it("may come in parts of any size, with trailers too", async () => {
    const bytes = Buffer.from(PARTNER);
    for (const size of [1, 5, bytes.length]) {
      bench.upstream.clear();
      expect((await inChunks(bytes, size)).status).toBe(201);
      expect(heardOnce().body.toString()).toContain(WRITTEN);
    }
  });

  it("that does not fit is refused, and the service hears nothing", async () => {
    const wrong = await create('{"name":"a","balance":"much","tags":[]}');
    expect([wrong.status, wrong.headers["content-type"]]).toEqual([400, "application/problem+json"]);
    expect(JSON.parse(wrong.text)).toMatchObject({ type: "about:blank", status: 400, pointer: "/balance" });
    const others = [create(""), create('{"name":"a"'), request(`${url}/partners/x`), request(`${url}/partners/1.5`)];
    expect((await Promise.all(others)).map(({ status }) => status)).toEqual([400, 400, 400, 400]);
    expect((await create(PARTNER, { "content-type": "text/xml" })).status).toBe(415);
    expect((await create(PARTNER.padEnd(262_145))).status).toBe(413);
    expect(bench.upstream.received).toEqual([]);
  });

  it("of the greatest length passes, and so does an answer of the greatest length", async () => {
    bench.upstream.reply({ headers: XML, body: CREATED.padEnd(1_048_576) });
    expect((await create(PARTNER.padEnd(262_143))).text).toBe('{"id":7}');
    bench.upstream.reply({ headers: XML, body: CREATED.padEnd(1_048_577) });
    expect((await create(PARTNER)).status).toBe(502);
  });

  /** The body of a POST in chunks of a size, ended by trailers. */
  async function inChunks(body: Buffer, size: number): Promise<RawReply> {
    const connection = await openRaw({ port: Number(new URL(url).port) });
    try {
      connection.send(
        "POST /partners HTTP/1.1\r\nhost: crm\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
      );
      for (let at = 0; at < body.length; at += size) {
        const part = body.subarray(at, at + size);
        connection.send(Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]));
      }
      connection.send("0\r\nx-checksum: 1\r\n\r\n");
      return await connection.response("POST");
    } finally {
      connection.close();
    }
  }
});

describe("an answer of the service", () => {
  const fault = (detail: string) =>
    envelope(`<s:Fault><faultcode>s:Server</faultcode><faultstring>at db7.internal</faultstring>${detail}</s:Fault>`);

  it("that is a declared fault has its status and its detail, and tells nothing else", async () => {
    const detail = '<detail><c:PartnerNotFound xmlns:c="urn:crm"><c:id>7</c:id></c:PartnerNotFound></detail>';
    for (const status of [200, 500]) {
      bench.upstream.reply({ status, headers: XML, body: fault(detail) });
      const reply = await request(`${url}/partners/7`);
      expect([reply.status, reply.headers["content-type"]]).toEqual([404, "application/problem+json"]);
      expect(JSON.parse(reply.text)).toMatchObject({ fault: { PartnerNotFound: { id: 7 } } });
      expect(reply.text).not.toContain("db7");
    }
    bench.upstream.reply({ status: 500, headers: XML, body: fault("<detail>db7.internal</detail>") });
    const other = await request(`${url}/partners/7`);
    expect([other.status, other.text]).toEqual([502, '{"type":"about:blank","title":"Bad Gateway","status":502}']);
  });

  it.each([
    ["HTML", { headers: { "content-type": "text/html" }, body: "<html>db7</html>" }],
    ["cut off", { headers: XML, body: CREATED.slice(0, -20) }],
    ["a document type", { headers: XML, body: `<!DOCTYPE a>${CREATED}` }],
    ["nothing", { status: 204 }],
    ["of another operation", { headers: XML, body: FOUND }],
  ])("that is %s gets 502, and no byte of it goes on", async (_what, answer) => {
    bench.upstream.reply(answer);
    const reply = await create(PARTNER);
    expect([reply.status, reply.text]).toEqual([502, '{"type":"about:blank","title":"Bad Gateway","status":502}']);
  });

  it("counts", async () => {
    const name = (which: string) => `wasmcustom.sluice.soap.crm.${which}`;
    const counts = async () => {
      const stats = await envoy.admin.stats("^wasmcustom\\.sluice\\.soap\\.");
      return ["allowed", "denied", "error"].map((which) => stats.get(name(which)) ?? 0);
    };
    const [allowed = 0, denied = 0, error = 0] = await counts();
    await create(PARTNER);
    await create("{}");
    bench.upstream.reply({ body: "no" });
    await create(PARTNER);
    expect(await counts()).toEqual([allowed + 2, denied + 1, error + 1]);
  });
});

describe("what is no operation", () => {
  it("passes as it is where the proxy has a route for it, and so does its answer", async () => {
    const body = "not JSON ".repeat(100_000);
    bench.upstream.reply(({ body: got }) => ({ headers: { "content-type": "text/xml" }, body: got }));
    const reply = await request(`${url}/orders/7?x=1`, { method: "PUT", headers: { soapaction: "mine" }, body });
    expect([reply.status, reply.headers["content-type"], reply.text]).toEqual([200, "text/xml", body]);
    const heard = heardOnce();
    expect([heard.method, heard.url, heard.values("soapaction")]).toEqual(["PUT", "/orders/7?x=1", ["mine"]]);
  });

  it("ends beside the operations, whatever it claims", async () => {
    const asked = [
      ["GET", "/partners"],
      ["POST", "/partners/7"],
      ["DELETE", "/partners/7"],
      ["GET", "/partners/7/more"],
      ["GET", "/partners/"],
      ["POST", "/services/crm"],
    ] as const;
    for (const [method, path] of asked) {
      const headers = { ...XML, "x-sluice-pin": "crm/CreatePartner", "wasm.sluice.soap": "crm/CreatePartner" };
      const body = method === "POST" ? { body: envelope("<x/>") } : {};
      expect((await request(`${url}${path}`, { method, headers, ...body })).status, `${method} ${path}`).toBe(404);
    }
    expect(bench.upstream.received).toEqual([]);
  });
});

it("hostile requests and answers leave the module as it was", async () => {
  const oracle = await standingOracle(envoy);
  const bodies = [
    "[".repeat(100_000),
    `{"name":"${"\\u0000".repeat(1000)}"}`,
    '"\\ud800"',
    `{${'"a":1,'.repeat(10_000)}"a":1}`,
    "\xff\xfe",
    "null",
  ];
  for (const body of bodies) expect((await create(body)).status).toBe(400);
  const answers = [
    "<a>".repeat(50_000),
    `<a ${Array.from({ length: 5000 }, (_, i) => `b${i}=""`).join(" ")}/>`,
    "&#0;",
    "\0",
    CREATED.replace(">7<", ">&x;<"),
  ];
  for (const body of answers) {
    bench.upstream.reply({ headers: XML, body });
    expect((await create(PARTNER)).status).toBe(502);
  }
  bench.upstream.reply({ headers: XML, body: FOUND });
  await oracle.check({ goodRequest: (agent) => request(`${url}/partners/7`, { agent }) });
});

describe("the configuration written by hand", () => {
  it("lets the module do what it imports and be called as it exports, and nothing else", async () => {
    expect(capabilitiesIn(byHand, "soap")).toEqual(await capabilitiesOf("soap.wasm"));
  });

  it("has the document that `sluice explain` prints for policy.yaml", async () => {
    const printed = await explained();
    expect(faultBySchema("soap", printed)).toBeUndefined();
    expect(moduleTexts(byHand).map((text) => JSON.parse(text))).toEqual([printed]);
  });

  it("is refused where an operation does not say how it is asked for", async () => {
    const text = JSON.stringify(await explained())
      .replace(/"service":\{[^}]*\},/, "")
      .replace(/"rest":\{[^}]*\},/, "");
    expect(faultBySchema("soap", JSON.parse(text))).toMatch(/must have required property/);
    expect(faultBySchema("body", JSON.parse(text))).toBeUndefined();
    expect(await bench.validate(withModuleText(byHand, "soap", text))).toMatchObject({
      ok: false,
      findings: expect.arrayContaining([expect.stringContaining("this module stands alone")]),
    });
  });

  it("lets what clients send to the service pass, if its route does not ask for the note of the module", async () => {
    const open = byHand.replace(/^ +filter_state: .*\n/m, "");
    expect(open).not.toBe(byHand);
    const other = await bench.serve(open);
    try {
      await request(`${other.url}/services/crm`, { method: "POST", headers: XML, body: "<forged/>" });
      expect(heardOnce().body.toString()).toBe("<forged/>");
    } finally {
      await other.envoy.stop();
    }
  });

  it("lets Envoy refuse what it cannot hold", async () => {
    const held = byHand.replaceAll(/^ +request_body_buffer_limit: .*\n/gm, "");
    const other = await bench.serve(held.replaceAll("limit_bytes: 1048576", "limit_bytes: 65536"));
    try {
      const call = (body: string) => request(`${other.url}/partners`, { method: "POST", headers: JSON_TYPE, body });
      expect((await call(PARTNER.padEnd(200_000))).status).toBe(413);
      expect(bench.upstream.received).toEqual([]);
      bench.upstream.reply({ headers: XML, body: CREATED.padEnd(500_000) });
      expect((await call(PARTNER)).status).toBe(500);
    } finally {
      await other.envoy.stop();
    }
  });

  it("needs the shim where requests end with their headers", async () => {
    const other = await bench.serve(byHand.replace(/^ +typed_per_filter_config:\n.*\n/m, ""));
    try {
      const reply = await request(`${other.url}/partners/7`);
      expect([reply.status, JSON.parse(reply.text).detail]).toEqual([400, "This operation needs a body, in JSON."]);
    } finally {
      await other.envoy.stop();
    }
  });

  it("has to let the module stop at headers, or no request with a body is answered", async () => {
    const stuck = withPlugins(byHand, ({ allow_on_headers_stop_iteration, ...one }) => one);
    const other = await bench.serve(stuck);
    try {
      const call = request(`${other.url}/partners`, {
        method: "POST",
        headers: JSON_TYPE,
        body: PARTNER,
        timeoutMs: 500,
      });
      await expect(call).rejects.toThrow("no complete answer");
      expect(bench.upstream.received).toEqual([]);
    } finally {
      await other.envoy.stop();
    }
  });
});

/** The document of body.wasm in what `sluice explain` prints for the policy. */
async function explained(): Promise<unknown> {
  const sluice = join(packageRoot(), "dist", "compiler", "cli", "main.js");
  const args = ["explain", "--stage", "filters", "-p", join(folder, "policy.yaml")];
  const { stdout } = await promisify(execFile)(process.execPath, [sluice, ...args]);
  return z.object({ "body.wasm": z.unknown() }).parse(JSON.parse(stdout))["body.wasm"];
}

function moduleTexts(configText: string): string[] {
  const texts: string[] = [];
  withPlugins(configText, (one: Plugin) => {
    texts.push(one.configuration.value);
    return one;
  });
  return texts;
}

/** The file with the document written anew. */
async function updated(configText: string): Promise<string> {
  const lines = formatted(await explained()).split("\n");
  const text = configText.replace(/^( +)value: \|\n(?:\1 +.*\n)+/m, (_whole, margin: string) =>
    [`${margin}value: |`, ...lines.map((line) => `${margin}  ${line}`), ""].join("\n"),
  );
  await writeFile(join(folder, "envoy.yaml"), text);
  return text;
}

const WIDTH = 110;

/** JSON as a person would write it: what fits in a line stands in one. */
function formatted(value: unknown, margin = ""): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const isList = Array.isArray(value);
  const inner = `${margin}  `;
  const parts = isList
    ? value.map((one) => formatted(one, inner))
    : Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${formatted(one, inner)}`);
  const line = isList ? `[${parts.join(", ")}]` : `{ ${parts.join(", ")} }`;
  if (!line.includes("\n") && margin.length + line.length <= WIDTH) return line;
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  return `${open}\n${parts.map((part) => inner + part).join(",\n")}\n${margin}${close}`;
}
