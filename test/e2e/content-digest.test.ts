import { createHash, createHmac, randomUUID } from "node:crypto";
import { connect } from "node:http2";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { openRaw, request } from "../support/http.js";
import { passOnBoth } from "./support/on-both.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

// Signatures that cover `content-digest`: the guard verifies what was signed, and the body is compared with it before any of it goes on.

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: digests
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
  crm: { endpoints: [127.0.0.1:9002] }
  judge: { endpoints: [127.0.0.1:9003] }
consumers:
  acme: { credentials: [{ hmac: { keyId: acme, secret: env:ACME_SECRET } }, { apiKey: env:ACME_KEY }] }
policies:
  signed: { authenticate: { anyOf: [{ hmac: { components: ["@method", "@path", content-digest], maxBody: 1Ki } }] } }
  either:
    authenticate: { anyOf: [{ hmac: { components: ["@method", content-digest] } }, { apiKey: { header: x-api-key } }] }
  sometimes:
    when: 'request.method == "POST"'
    authenticate: { anyOf: [{ hmac: { components: ["@method", content-digest] } }] }
  tried:
    mode: shadow
    authenticate: { anyOf: [{ hmac: { components: ["@method", content-digest] } }] }
  small: { bodyLimit: { bytes: 16 } }
  judged: { externalAuth: { http: { service: judge } } }
  crm-as-rest:
    soap:
      fields:
        namespace: urn:crm
        operations:
          Get: { request: { id: integer }, response: { name: string } }
          Put: { request: { name: string }, response: { id: integer } }
      operations: { Get: "GET /partners/{id}", Put: POST /partners }
routes:
  - { name: signed, match: { path: /signed/** }, to: echo, apply: [signed] }
  - { name: either, match: { path: /either/** }, to: echo, apply: [either] }
  - { name: sometimes, match: { path: /sometimes/** }, to: echo, apply: [sometimes] }
  - { name: tried, match: { path: /tried/** }, to: echo, apply: [tried] }
  - { name: limited, match: { path: /limited/** }, to: echo, apply: [signed, small] }
  - { name: asked, match: { path: /asked/** }, to: echo, apply: [signed, judged] }
  - { name: partners, match: { path: /partners/** }, to: crm, apply: [signed, crm-as-rest] }
  - { name: fixed, match: { path: /fixed }, respond: { status: 200, body: fixed }, apply: [signed] }
`;

const digestOf = (body: string | Buffer, algorithm: "sha-256" | "sha-512" = "sha-256") =>
  `${algorithm}=:${createHash(algorithm.replace("-", "")).update(body).digest("base64")}:`;

const BODY = "a body of some bytes";

describe("on both engines", () => {
  const as = (path: string, more: string, expected: string) =>
    `as: acme, request: { path: ${path}, ${more} }, expect: { ${expected} }`;
  const passes = (body: string) =>
    `status: 200, decidedBy: PLACE, upstream: { service: echo, body: "${body}", headers: { x-consumer: acme } }`;
  const mismatch =
    "status: 400, decidedBy: signed, upstream: none, metrics: { signed.denied: 1, signed.allowed: 1 }, problem: { title: Bad Request, status: 400 }";

  test("callers of tests sign their bodies, empty ones too", async () => {
    const good = passes(BODY).replace("PLACE", "signed");
    await passOnBoth(POLICY, [
      as("/signed/x", `method: POST, body: "${BODY}"`, good),
      as("/signed/x", "method: POST, json: { id: 7 }", "status: 200, upstream: { service: echo, body: '{\"id\":7}' }"),
      as("/signed/x", "method: GET", passes("").replace("PLACE", "signed")),
      as("/signed/x", 'method: POST, body: ""', "status: 200, upstream: echo"),
      as("/fixed", `method: POST, body: "${BODY}"`, "status: 200, body: fixed"),
    ]);
  });

  test("a body that is not the one that was signed gets 400, and no service hears of it", async () => {
    const other = `headers: { content-digest: "${digestOf("another body")}" }`;
    await passOnBoth(POLICY, [
      as("/signed/x", `method: POST, body: "${BODY}", ${other}`, mismatch),
      as("/signed/x", `method: GET, ${other}`, mismatch),
      as("/signed/x", `method: POST, body: "", ${other}`, mismatch),
      as("/signed/x", `method: POST, body: "${BODY}", headers: { content-digest: "sha-256=:AAAA:" }`, mismatch),
      as("/signed/x", `method: POST, body: "${BODY}", headers: { content-digest: "md5=:AAAA:" }`, mismatch),
      as("/signed/x", `method: HEAD, ${other}`, "status: 400, decidedBy: signed, upstream: none"),
      as("/fixed", `method: POST, body: "${BODY}", ${other}`, "status: 400, decidedBy: signed"),
      as(
        "/signed/x",
        `method: POST, body: "${BODY}", headers: { content-digest: '${digestOf(BODY, "sha-512")}' }`,
        "status: 200, upstream: echo",
      ),
    ]);
  });

  test("a body over the bound gets 413, one at the bound does not", async () => {
    const sized = (bytes: number, expected: string) =>
      as("/signed/x", `method: POST, body: "${"x".repeat(bytes)}"`, expected);
    const tooLarge =
      "status: 413, decidedBy: signed, upstream: none, problem: { title: Content Too Large, status: 413 }";
    await passOnBoth(POLICY, [
      sized(1023, "status: 200, upstream: echo"),
      sized(1024, "status: 200, upstream: echo"),
      sized(1025, tooLarge),
      sized(65_536, tooLarge),
    ]);
  });

  test("a digest counts beside any credential of the policy, and none need be there where none is signed", async () => {
    const key = "x-api-key: test-value-of-ACME_KEY";
    const digest = (body: string) => `content-digest: "${digestOf(body)}"`;
    const sent = (path: string, method: string, headers: string, expected: string) =>
      `request: { path: ${path}, method: ${method}, body: "${BODY}", headers: { ${headers} } }, expect: { ${expected} }`;
    const denied = (policy: string) => `status: 400, decidedBy: ${policy}, upstream: none`;
    await passOnBoth(POLICY, [
      sent("/either/x", "POST", key, "status: 200, upstream: echo"),
      sent("/either/x", "POST", `${key}, ${digest(BODY)}`, "status: 200, upstream: echo"),
      sent("/either/x", "POST", `${key}, ${digest("x")}`, denied("either")),
      // A policy that does not apply asks for no signature; what is there must be true.
      sent("/sometimes/x", "PUT", "x-a: b", "status: 200, upstream: echo"),
      sent("/sometimes/x", "PUT", digest(BODY), "status: 200, upstream: echo"),
      sent("/sometimes/x", "PUT", digest("x"), denied("sometimes")),
      // In shadow nothing is refused.
      sent("/tried/x", "POST", digest("x"), "status: 200, shadow: tried, upstream: echo"),
      sent("/signed/x", "POST", digest(BODY), "status: 401, decidedBy: signed, upstream: none"),
    ]);
  });

  test("a limit of the route holds too, and who is asked behind hears of nothing that does not match", async () => {
    const other = `headers: { content-digest: "${digestOf("x")}" }`;
    await passOnBoth(
      POLICY,
      [
        as("/limited/x", 'method: POST, body: "0123456789"', "status: 200, upstream: echo"),
        as("/limited/x", `method: POST, body: "${BODY}"`, "status: 413, decidedBy: small, upstream: none"),
        as("/limited/x", `method: POST, body: "${BODY}", ${other}`, "status: 400, decidedBy: signed, upstream: none"),
        as("/asked/x", `method: POST, body: "${BODY}"`, "status: 200, upstream: echo"),
        as("/asked/x", `method: POST, body: "${BODY}", ${other}`, "status: 400, decidedBy: signed, upstream: none"),
      ],
      "upstreams: { judge: { status: 200 } }\n",
    );
  });
});

describe("of what is converted", () => {
  test("the client's body is compared, an empty one too, and the service gets what becomes of it", async () => {
    const other = `headers: { content-digest: "${digestOf("{}")}" }`;
    const denied = "expect: { status: 400, decidedBy: signed, upstream: none }";
    const put = "upstreams: { crm: { soap: { Put: { response: 7 } } } }, request: { path: /partners, method: POST";
    const get = "upstreams: { crm: { soap: { Get: { response: Ada } } } }, request: { path: /partners/7";
    await passOnBoth(POLICY, [
      `as: acme, ${put}, json: { name: Ada } }, expect: { status: 200, json: 7, upstream: { service: crm, operation: Put, input: { name: Ada } } }`,
      `as: acme, ${put}, json: { name: Ada }, ${other} }, ${denied}`,
      `as: acme, ${get} }, expect: { status: 200, json: Ada, upstream: { service: crm, operation: Get } }`,
      // What a request without a body gets for the conversion is not what was signed.
      `as: acme, ${get}, ${other} }, ${denied}`,
    ]);
  });
});

describe.each(WORKER_COUNTS)("in Envoy, with %i workers", (concurrency) => {
  let gateway: Gateway;
  let oracle: StandingOracle;
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency });
    oracle = await standingOracle(gateway.envoy);
  });
  afterAll(() => gateway?.stop());
  beforeEach(() => gateway.forget());

  /** Headers of a request that acme signed. */
  function signed(path: string, digest: string, method = "POST"): [string, string][] {
    const covered = '("@method" "@path" "content-digest")';
    const parameters = `${covered};created=${Math.floor(Date.now() / 1000)};keyid="acme";nonce="${randomUUID()}"`;
    const base = `"@method": ${method}\n"@path": ${path}\n"content-digest": ${digest}\n"@signature-params": ${parameters}`;
    const tag = createHmac("sha256", gateway.env.ACME_SECRET ?? "")
      .update(base)
      .digest("base64");
    return [
      ["content-digest", digest],
      ["signature-input", `a=${parameters}`],
      ["signature", `a=:${tag}:`],
    ];
  }

  test("a body in chunks of one byte, with and without trailers", async () => {
    const body = "x".repeat(1024);
    const chunks = [...body].map((byte) => `1\r\n${byte}\r\n`).join("");
    const send = async (digest: string, end: string) => {
      const headers = [["host", "shop.test"], ["transfer-encoding", "chunked"], ...signed("/signed/x", digest)];
      const reply = await gateway.raw({
        method: "POST",
        target: "/signed/x",
        headers: headers.map(([name = "", value = ""]) => [name, value] as const),
        body: `${chunks}0\r\n${end}\r\n`,
      });
      return reply.status;
    };
    expect(await send(digestOf(body), "")).toBe(200);
    expect(gateway.heard().map((request) => request.body.toString())).toEqual([body]);
    expect(await send(digestOf(body), "x-checksum: 1\r\n")).toBe(200);
    gateway.forget();
    expect(await send(digestOf(`${body}y`), "")).toBe(400);
    expect(await send(digestOf(`${body}y`), "x-checksum: 1\r\n")).toBe(400);
    expect(gateway.heard()).toEqual([]);
  });

  /** One call over HTTP/2, its body in frames. */
  function overHttp2(
    headers: Record<string, string>,
    frames: readonly string[],
    trailers?: Record<string, string>,
  ): Promise<Record<string, string>> {
    return new Promise((resolve, reject) => {
      const session = connect(gateway.url(""));
      session.once("error", reject);
      const stream = session.request(headers, { waitForTrailers: trailers !== undefined });
      const received: Record<string, string> = {};
      const note = (fields: Record<string, unknown>) => {
        for (const [name, value] of Object.entries(fields)) received[name] = String(value);
      };
      stream.on("response", note);
      stream.on("trailers", note);
      stream.once("wantTrailers", () => stream.sendTrailers(trailers ?? {}));
      stream.once("error", reject);
      stream.once("close", () => {
        session.close();
        resolve(received);
      });
      for (const frame of frames) stream.write(frame);
      stream.end();
      stream.resume();
    });
  }

  test("over HTTP/2, in frames, with trailers, and of nothing but trailers", async () => {
    const call = async (digest: string, frames: readonly string[], trailers?: Record<string, string>) => {
      const own = Object.fromEntries(signed("/signed/x", digest));
      const received = await overHttp2({ ":method": "POST", ":path": "/signed/x", ...own }, frames, trailers);
      return received[":status"];
    };
    const body = BODY.match(/.{1,3}/g) ?? [];
    const seen = [
      await call(digestOf(BODY), body),
      await call(digestOf(BODY), body, { "x-checksum": "1" }),
      await call(digestOf(""), []),
      await call(digestOf(""), [], { "x-checksum": "1" }),
    ];
    expect(seen).toEqual(["200", "200", "200", "200"]);
    expect(gateway.heard().map((request) => request.body.toString())).toEqual([BODY, BODY, "", ""]);
    gateway.forget();
    const wrong = [
      await call(digestOf("x"), body),
      await call(digestOf("x"), body, { "x-checksum": "1" }),
      await call(digestOf("x"), []),
      await call(digestOf("x"), [], { "x-checksum": "1" }),
      await call(digestOf("x"), ["x".repeat(1000), "x".repeat(1000)]),
    ];
    expect(wrong).toEqual(["400", "400", "400", "400", "413"]);
    expect(gateway.heard()).toEqual([]);
  });

  test("gRPC is told in its own words", async () => {
    const path = "/signed/s/m";
    const call = async (digest: string, frames: readonly string[]) => {
      const own = Object.fromEntries(signed(path, digest));
      const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...own };
      const received = await overHttp2(headers, frames);
      return [received[":status"], received["grpc-status"]];
    };
    expect(await call(digestOf("x"), ["y"])).toEqual(["200", "3"]);
    expect(await call(digestOf("x"), ["y".repeat(1025)])).toEqual(["200", "8"]);
    expect(await call("sha-256=:AAAA:", [])).toEqual(["200", "3"]);
    expect(gateway.heard()).toEqual([]);
  });

  test("nothing of a body reaches the service before all of it is there", async () => {
    const connection = await openRaw({ port: gateway.port() });
    const headers = [["host", "shop.test"], ["content-length", "6"], ...signed("/signed/x", digestOf("abcdef"))];
    const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    connection.send(`POST /signed/x HTTP/1.1\r\n${head}\r\nabc`);
    // Other requests come and go meanwhile.
    for (let i = 0; i < 8; i++) {
      const own = Object.fromEntries(signed("/signed/x", digestOf("")));
      expect((await gateway.send("/signed/x", { method: "POST", headers: own })).status).toBe(200);
    }
    expect(gateway.heard().map((request) => request.body.length)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    connection.send("def");
    expect((await connection.response("POST")).status).toBe(200);
    expect(gateway.heard().at(-1)?.body.toString()).toBe("abcdef");
    connection.close();
  });

  test("what was signed is what is compared: a second line, or another field, is refused", async () => {
    const own = signed("/signed/x", digestOf("x"));
    const send = (...more: [string, string][]) =>
      gateway.raw({
        method: "POST",
        target: "/signed/x",
        headers: [...signed("/signed/x", digestOf("x")), ["content-length", "1"], ...more],
        body: "x",
      });
    expect((await send()).status).toBe(200);
    gateway.forget();
    expect((await send(["content-digest", digestOf("y")])).status).toBe(401);
    expect((await send(["content-digest", digestOf("x")])).status).toBe(401);
    const without = own.filter(([name]) => name !== "content-digest");
    const bare = await gateway.raw({
      method: "POST",
      target: "/signed/x",
      headers: [...without, ["content-length", "1"]],
      body: "x",
    });
    expect(bare.status).toBe(401);
    expect(gateway.heard()).toEqual([]);
  });

  test("afterwards no VM has trapped, no secret is shown, and every worker serves", async () => {
    const headers = () => Object.fromEntries(signed("/signed/x", digestOf(""), "GET"));
    await oracle.check({
      goodRequest: (agent) => request(gateway.url("/signed/x"), { agent, headers: headers() }),
      secrets: Object.values(gateway.env),
    });
  });
});
