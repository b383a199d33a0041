import { createHash, createHmac, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { openRaw, type RawMessage, rawRequestBytes, request } from "../support/http.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

// Hostile keys in the query and in cookies, and hostile digests: what must be refused is, the service hears nothing of it, and every worker goes on.

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: hostile
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }, { hmac: { keyId: acme, secret: env:ACME_SECRET } }] }
policies:
  keys:
    authenticate:
      anyOf:
        - apiKey: { query: api_key } # sluice-ignore: SL0560 it is what is tested
        - apiKey: { cookie: sid }
  signed: { authenticate: { anyOf: [{ hmac: { components: ["@method", "@path", content-digest], maxBody: 4Ki } }] } }
routes:
  - { name: keys, match: { path: /keys/** }, to: echo, apply: [keys] }
  - { name: signed, match: { path: /signed/** }, to: echo, apply: [signed] }
`;
const ROUNDS = 20;

let gateway: Gateway;
let oracle: StandingOracle;

const key = () => gateway.env.ACME_KEY ?? "";

async function everythingHolds(): Promise<void> {
  await oracle.check({
    goodRequest: (agent) => request(gateway.url(`/keys/x?api_key=${key()}`), { agent }),
    secrets: Object.values(gateway.env),
  });
}

/** Sends them on connections of their own, several at a time. */
async function statusesOf(messages: readonly RawMessage[]): Promise<number[]> {
  const statuses: number[] = [];
  for (let at = 0; at < messages.length; at += 8) {
    const batch = messages.slice(at, at + 8).map((message) => gateway.raw(message));
    for (const reply of await Promise.all(batch)) {
      statuses.push(reply.status);
      expect(JSON.stringify(reply)).not.toContain(key());
    }
  }
  return statuses;
}

const times = <T>(items: readonly T[]): T[] => Array.from({ length: ROUNDS }, () => items).flat();

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency });
    oracle = await standingOracle(gateway.envoy);
  });
  afterAll(() => gateway?.stop());

  test("keys in the query and in cookies", async () => {
    const queries = (right: string) => [
      ...["", "=", "&", "?", "api_key", "api_key&api_key", "api_key=&api_key=", `api_key=${right}&api_key`],
      ...[
        "%C1%A1pi_key=1",
        "%61%70%69_key=%C0%80",
        "%E0%80%AF=1",
        "%ED%A0%80=1",
        "%F4%90%80%80",
        "%",
        "%%",
        "%6",
        "%zz",
      ],
      ...[
        `api_key=${right}%00`,
        `api_key=%00${right}`,
        `api_key=${right}%0d%0a`,
        `api_key=${right}%E2%80%8B`,
        `api_key=${right}%C1`,
      ],
      ...[
        `api_key[]=${right}`,
        `api_key%5B0%5D=${right}`,
        `api_key;=${right}`,
        `a;api_key=${right}`,
        `API_KEY=${right}`,
      ],
      ...[
        "api_key=".repeat(500),
        "&".repeat(4000),
        "%61".repeat(1500),
        `api_key=${"k".repeat(4097)}`,
        `api_key=${"%6b".repeat(4097)}`,
      ],
      ...[Array.from({ length: 2000 }, (_, index) => `a${index}`).join("&"), "api%5fkey&".repeat(800)],
    ];
    const cookies = (right: string) => [
      ...[
        "",
        ";",
        "=",
        "sid",
        "sid=",
        "sid;sid",
        "; ; sid=;",
        `sid=${right}; sid=${right}`,
        `sid=${right}; sid`,
        `sid =${right}`,
      ],
      ...[
        `sid= ${right}`,
        `"sid"=${right}`,
        `sid="${right}"`,
        `$sid=${right}`,
        `sid=${right},`,
        `sid=${right}\xff`,
        "sid=\xc3\x28",
      ],
      ...["sid=;".repeat(2000), ";".repeat(8000), `sid=${"k".repeat(4097)}`, "a=1;".repeat(3000)],
    ];
    const messages: RawMessage[] = [
      ...queries(key()).map((query) => ({ target: `/keys/x?${query}`, headers: [] })),
      ...cookies(key()).map((cookie) => ({ target: "/keys/x", headers: [["cookie", cookie] as const] })),
      {
        target: "/keys/x",
        headers: [
          ["cookie", `sid=${key()}`],
          ["cookie", "a=1"],
        ],
      },
      { target: `/keys/x?api_key=${key()}`, headers: [["cookie", `sid=${key()}`]] },
    ];
    gateway.forget();
    const statuses = await statusesOf(times(messages));
    expect([...new Set(statuses)]).toEqual([401]);
    expect(gateway.heard().map(({ url }) => url)).toEqual([]);
    await everythingHolds();
  });

  test("digests, and bodies that are others than were signed", async () => {
    const digestOf = (body: string) => `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
    const post = (digest: string, body: string, more: readonly (readonly [string, string])[] = []): RawMessage => {
      const parameters = `("@method" "@path" "content-digest");created=${Math.floor(Date.now() / 1000)};keyid="acme";nonce="${randomUUID()}"`;
      const base = `"@method": POST\n"@path": /signed/x\n"content-digest": ${digest}\n"@signature-params": ${parameters}`;
      const tag = createHmac("sha256", gateway.env.ACME_SECRET ?? "")
        .update(base)
        .digest("base64");
      return {
        method: "POST",
        target: "/signed/x",
        headers: [
          ["content-digest", digest],
          ["signature-input", `a=${parameters}`],
          ["signature", `a=:${tag}:`],
          ["content-length", String(body.length)],
          ...more,
        ],
        body,
      };
    };
    const wrong = () => [
      ...[
        "sha-256=:AAAA:",
        "sha-256",
        "sha-256=1",
        "sha-512=::",
        "md5=:AAAA:",
        ",",
        "a".repeat(8000),
        "sha-256=:AAAA:,".repeat(200),
      ].map((digest) => post(digest, "body")),
      ...["", "bod", "body ", "BODY", "x".repeat(4096)].map((body) => post(digestOf("body"), body)),
      post(digestOf(""), "x"),
      post(`${digestOf("body")}, ${digestOf("body")}`, "body"),
      // A second line was not signed.
      post(digestOf("body"), "body", [["content-digest", digestOf("other")]]),
      post(digestOf("x".repeat(4097)), "x".repeat(4097)),
    ];
    gateway.forget();
    const statuses = await statusesOf(Array.from({ length: ROUNDS }, wrong).flat());
    expect([...new Set(statuses)].toSorted()).toEqual([400, 401, 413]);
    expect(gateway.heard()).toEqual([]);
    expect(await statusesOf(times([0]).map(() => post(digestOf("body"), "body")))).toEqual(times([200]));
    gateway.forget();
    // Clients that leave in the middle of a body that is held.
    await Promise.all(
      times([0]).map(async () => {
        const connection = await openRaw({ port: gateway.port() });
        const message = post(digestOf("a body that never ends"), "a body that never ends");
        const data = rawRequestBytes({ ...message, headers: [["host", "shop.test"], ...message.headers] });
        connection.send(data.subarray(0, data.length - 5));
        connection.close();
      }),
    );
    await everythingHolds();
    expect(gateway.heard().filter(({ url }) => url.startsWith("/signed"))).toEqual([]);
    expect((await request(gateway.url(`/keys/x?api_key=${key()}`))).status).toBe(200);
  });
});
