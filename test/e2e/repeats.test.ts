import { createHash, createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifierOf } from "../../compiler/plan/verifier.js";
import type { RunningEnvoy } from "../../compiler/runtime/process.js";
import { standingOracle } from "../support/envoy.js";
import { openRaw, type RawConnection, type RawMessage, rawRequestBytes, request } from "../support/http.js";
import { published, secretKey, TOKEN_KEYS, tokenBy } from "../support/token-keys.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

// What hostile requests leave behind when they come ten thousand times: nothing. Memory is looked at from outside, as the system counts it.

const { rsa, ec, otherRsa } = TOKEN_KEYS;
const ISSUER = "https://id.example.com/";
const TOKEN_SECRET = "a secret that is shared with an issuer, of 64 bytes as it has to";
const hs256 = secretKey("HS256", TOKEN_SECRET, "TOKEN_SECRET");

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: repeats
listeners: { public: { address: 127.0.0.1:8080 } }
services:
  echo: { endpoints: [127.0.0.1:9001] }
  idp: { endpoints: [127.0.0.1:9002] }
  crm: { endpoints: [127.0.0.1:9003] }
  telemetry: { endpoints: [127.0.0.1:4318] }
consumers:
  acme:
    credentials:
      - { apiKey: env:ACME_KEY }
      - { basic: { user: acme, verifier: ${verifierOf("s:ecret", 2000)} } }
      - { hmac: { keyId: acme, secret: env:ACME_SECRET } }
policies:
  key: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  place:
    authenticate:
      anyOf:
        - apiKey: { query: api_key } # sluice-ignore: SL0560 it is what is tested
        - apiKey: { cookie: sid }
  basic: { authenticate: { anyOf: [{ basic: {} }], lockout: false } }
  locked: { authenticate: { anyOf: [{ basic: {} }], lockout: { failures: 3/hour } } }
  token: { authenticate: { anyOf: [{ jwt: { issuer: ${ISSUER}, audiences: [orders], jwks: ${JSON.stringify({ keys: [rsa, ec].map(published) })} } }] } }
  shared: { authenticate: { anyOf: [{ jwt: { issuer: ${ISSUER}, audiences: [orders], secret: env:TOKEN_SECRET } }] } }
  signed: { authenticate: { anyOf: [{ hmac: { components: ["@method", "@path"], nonces: 1024 } }] } }
  digest: { authenticate: { anyOf: [{ hmac: { components: ["@method", "@path", content-digest], maxBody: 1Ki, nonces: 1024 } }] } }
  opaque: { authenticate: { anyOf: [{ introspect: { service: idp, path: /introspect, client: env:IDP_CLIENT, secret: env:IDP_SECRET } }] } }
  rules:
    authorize:
      rules:
        - { name: blocked, deny: 'request.headers["x-tenant"] == "blocked"' }
        - { name: expression, deny: 'request.headers["x-text"].matches("^(a+)+$")' }
        - { name: rest, allow: 'request.method == "GET"' }
  paced: { rateLimit: { key: ['request.headers["x-tenant"]'], rate: 1/day, store: { slots: 1024 } } }
  traced: { tracing: { propagate: [w3c, b3], sample: 100%, tags: { text: 'request.headers["x-text"]' }, export: { otlp: telemetry } } }
  crm-as-rest:
    soap:
      limits: { body: 16Ki }
      fields:
        namespace: urn:crm
        operations: { Put: { request: { name: string }, response: { id: integer } } }
      operations: { Put: POST /partners }
routes:
  - { name: traced, match: { path: /traced/** }, to: echo, apply: [traced, key] }
  - { name: partners, match: { path: /partners }, to: crm, apply: [crm-as-rest] }
${["key", "place", "basic", "locked", "token", "shared", "signed", "digest", "opaque", "rules", "paced"]
  .map((name) => `  - { name: ${name}, match: { path: /${name}/** }, to: echo, apply: [${name}] }`)
  .join("\n")}
  - { name: open, match: { path: /open }, to: echo }
`;

type Pair = readonly [name: string, value: string];
const base64 = (text: string) => Buffer.from(text, "latin1").toString("base64");

interface Hostile {
  /** Each of the statuses that it may get, by what came before it. */
  statuses: readonly number[];
  message: RawMessage;
}

/** Hostile requests of each kind; the number of the round makes some of them differ each time. */
function hostileRequests({ env }: Gateway, round: number): Hostile[] {
  const key = env.ACME_KEY ?? "";
  const to = (target: string, ...headers: Pair[]): RawMessage => ({
    target,
    headers: [["host", "shop.test"], ...headers],
  });
  const bearer = (path: string, token: string) => to(path, ["authorization", `Bearer ${token}`]);
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: ISSUER, aud: "orders", exp: now + 600, jti: `${round}` };
  const token = tokenBy(hs256, claims);
  const signed = (path: string, list: string, base: string, ...headers: Pair[]): RawMessage => {
    const text = `${base}"@signature-params": ${list}`;
    const made = createHmac("sha256", env.ACME_SECRET ?? "")
      .update(text)
      .digest("base64");
    return to(path, ["signature-input", `s=${list}`], ["signature", `s=:${made}:`], ...headers);
  };
  const parameters = `created=${now};keyid="acme";nonce="n${round}"`;
  const digest = `sha-256=:${createHash("sha256").update("body").digest("base64")}:`;
  const posted = signed(
    "/digest/x",
    `("@method" "@path" "content-digest");${parameters}`,
    `"@method": POST\n"@path": /digest/x\n"content-digest": ${digest}\n`,
    ["content-digest", digest],
    ["content-length", "5"],
  );
  const unauthorized = [
    to("/key/x"),
    to("/key/x", ["x-api-key", `wrong-${round}`]),
    to("/key/x", ["x-api-key", key], ["x-api-key", key]),
    to("/key/x", ["x-api-key", `${key},${key}`]),
    to("/key/x", ["x-api-key", "\xc3\x28\xfe\xff"]),
    to("/key/x", ["x-api-key", "k".repeat(20_000)]),
    to("/key/x", ...Array.from({ length: 90 }, (_, index): Pair => [`x-h-${index}`, `${round}`])),
    to(`/place/x?${"api_key=x&".repeat(200)}`),
    to(`/place/x?api_key=%C0%80${round}`),
    to("/place/x", ["cookie", `sid=a; sid=${round}`]),
    to("/basic/x", ["authorization", `Basic ${base64("acme")}`]),
    to("/basic/x", ["authorization", `Basic ${base64(`nobody${round}:\0`)}`]),
    to("/basic/x", ["authorization", `Basic ${base64("\xff\xfe:x")}`]),
    to("/basic/x", ["authorization", "basic ====="]),
    bearer("/token/x", token),
    bearer("/token/x", tokenBy({ ...otherRsa, kid: "rsa" }, claims)),
    bearer("/token/x", tokenBy(ec, claims).replace(/[^.]+$/, Buffer.alloc(64, round).toString("base64url"))),
    bearer("/token/x", tokenBy(rsa, { ...claims, aud: "others" })),
    bearer("/token/x", tokenBy(rsa, "prose")),
    bearer(
      "/shared/x",
      token.replace(/\.(.)([^.]*)$/, (_, first, rest) => `.${first === "A" ? "B" : "A"}${rest}`),
    ),
    bearer("/shared/x", tokenBy(hs256, claims, { alg: "none" })),
    bearer("/shared/x", tokenBy(hs256, claims, { crit: ["b64"], b64: false })),
    bearer("/shared/x", tokenBy(hs256, `{"exp":${now + 600},"a":${"[".repeat(500)}`)),
    bearer("/shared/x", "x.".repeat(9000)),
    signed("/signed/x", `("@method");${parameters}`, `"@method": GET\n`),
    signed("/signed/x", `("@method" "@path");${parameters}`, `"@method": GET\n"@path": /signed/\n`),
    to("/signed/x", ["signature-input", "s=(".repeat(1000)], ["signature", "s=:AAAA:"]),
    bearer("/opaque/x", `opaque-${round % 50}`),
    bearer("/opaque/x", "token&active=true"),
    bearer("/opaque/x", "t".repeat(5000)),
    to(
      `/traced/x?api_key=${key}`,
      ["tracestate", "a=1,".repeat(10_000)],
      ["cookie", `sid=${key}`],
      ["x-api-key", `${key},`],
    ),
    to("/traced/x", ["traceparent", `00-${"1".repeat(32)}-${"2".repeat(16)}-01`], ["tracestate", "a=1,".repeat(40)]),
    to("/traced/x", ["b3", "x".repeat(5000)], ["x-b3-traceid", "\xff"], ["x-text", `"\\\xff${"t".repeat(5000)}`]),
  ];
  const forbidden = [
    to("/rules/x", ["x-tenant", "blocked"], ["x-text", "b"]),
    to("/rules/x", ["x-tenant", "a"], ["x-tenant", "blocked"], ["x-text", "b"]),
    to("/rules/x", ["x-tenant", "a"], ["x-text", `${"a".repeat(20_000)}b`], ["x-text", "a"]),
  ];
  const limited = [
    to("/paced/x", ["x-tenant", "greedy"], ["x-forwarded-for", "10.0.0.1, ".repeat(50)]),
    to("/paced/x"),
  ];
  const put = (body: string, type = "application/json", ...headers: Pair[]): RawMessage => {
    const length: Pair = ["content-length", String(body.length)];
    return { ...to("/partners", ["content-type", type], length, ...headers), method: "POST", body };
  };
  const of = (statuses: readonly number[], messages: readonly RawMessage[]) =>
    messages.map((message) => ({ statuses, message }));
  return [
    ...of([401], unauthorized),
    ...of([403], forbidden),
    ...of([404], [to("/nowhere")]),
    ...of([400], [to("*"), to("/key/%2e%2e;/open"), { ...posted, method: "POST", body: "other" }]),
    ...of(
      [400],
      [
        put("[".repeat(10_000)),
        put('{"name":"\\u0000"}'),
        put('{"name":"a","<":1}'),
        put('{"name":"\\ud800"}'),
        put("{"),
      ],
    ),
    ...of([413], [put(`{"name":"${"a".repeat(17_000)}"}`)]),
    ...of([415], [put("<a/>", "text/xml"), put("{}", "application/json", ["content-encoding", "gzip"])]),
    // What the service answers is no better.
    ...of([502], [put(`{"name":"]]>&lt;<a b='${round}'/>"}`)]),
    ...of([200, 429], limited),
    ...of([401, 429], [to("/locked/x", ["authorization", `Basic ${base64(`acme:${round}`)}`])]),
  ];
}

const TIMES = 10_000;
const CONNECTIONS = 8;
const MOST_GROWTH = 2 << 20;
/** What was there before is used again; until it is enough, it grows. What leaks grows in every one of them. */
const MOST_TURNS = 4;

/** Sends hostile requests, ten thousand of them. What was answered otherwise than it has to be, and how many were let in. */
async function tenThousand(gateway: Gateway, turn: number) {
  const wrong = new Set<string>();
  let passed = 0;
  let round = turn * TIMES;
  const end = round + Math.ceil(TIMES / hostileRequests(gateway, 0).length);
  const client = async () => {
    let connection: RawConnection | undefined;
    for (let own = round++; own < end; own = round++)
      for (const { statuses, message } of hostileRequests(gateway, own)) {
        connection ??= await openRaw({ port: gateway.port() });
        connection.send(rawRequestBytes(message));
        const reply = await connection.response(message.method);
        if (!statuses.includes(reply.status)) wrong.add(`${message.target.slice(0, 20)} got ${reply.status}`);
        if (reply.status === 200) passed++;
        if (reply.values("connection").includes("close")) {
          connection.close();
          connection = undefined;
        }
      }
    connection?.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  return { wrong: [...wrong], passed };
}

/** Bytes of memory that the process has in use, without the pages of its own program: how many of them were read says nothing. */
async function residentBytes({ pid }: RunningEnvoy): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const [, kibibytes] = /^RssAnon:\s+(\d+) kB$/m.exec(status) ?? [];
  if (kibibytes === undefined) throw new Error("the system does not say how much memory there is");
  return Number(kibibytes) * 1024;
}

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency, env: { TOKEN_SECRET } });
    gateway.upstream("crm").reply({
      headers: { "content-type": "text/xml" },
      body: `<!DOCTYPE a [<!ENTITY b "${"c".repeat(1000)}">]><a>${"&b;".repeat(1000)}</a>`,
    });
    gateway.upstream("idp").reply({ headers: { "content-type": "application/json" }, body: '{"active":false}' });
  });
  afterAll(() => gateway?.stop());

  it("ten thousand hostile requests leave no trap, no secret and no memory behind", async () => {
    const oracle = await standingOracle(gateway.envoy);
    const growth: number[] = [];
    let before = Number.POSITIVE_INFINITY;
    for (let turn = 0; turn <= MOST_TURNS && !growth.some((bytes) => bytes <= MOST_GROWTH); turn++) {
      gateway.forget();
      const { wrong, passed } = await tenThousand(gateway, turn);
      expect(wrong).toEqual([]);
      expect(gateway.upstream("echo").received).toHaveLength(passed);
      const now = await residentBytes(gateway.envoy);
      // The first turn is for warming up.
      if (turn > 0) growth.push(now - before);
      before = now;
    }
    const exported = Buffer.concat(gateway.upstream("telemetry").received.map(({ body }) => body)).toString("latin1");
    expect(exported.length).toBeGreaterThan(1000);
    for (const secret of Object.values(gateway.env)) expect(exported.includes(secret)).toBe(false);
    expect(Math.min(...growth), `bytes by turn: ${growth.join()}`).toBeLessThanOrEqual(MOST_GROWTH);
    await oracle.check({
      goodRequest: (agent) => request(gateway.url("/open"), { agent }),
      secrets: Object.values(gateway.env),
    });
  });
});
