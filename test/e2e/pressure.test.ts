import { createHash, createHmac } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { openRaw, rawRequestBytes, request } from "../support/http.js";
import { type Gateway, serve } from "./support/serve.js";
import { until } from "./support/until.js";

// Five hundred bodies of a MiB at once, each of which is held until it was compared or converted: more than a module may have in its memory.

const MEBIBYTE = 1 << 20;
const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: pressure
listeners: { public: { address: 127.0.0.1:8080 } }
services:
  crm: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { credentials: [{ hmac: { keyId: acme, secret: env:ACME_SECRET } }] }
policies:
  signed: { authenticate: { anyOf: [{ hmac: { components: ["@method", "@path", content-digest], maxBody: 1Mi } }] } }
  crm-as-rest:
    soap:
      limits: { body: 1Mi }
      fields:
        namespace: urn:crm
        operations: { Put: { request: { name: string }, response: { id: integer } } }
      operations: { Put: POST /partners }
routes:
  - { name: signed, match: { path: /signed }, respond: { status: 200 }, apply: [signed] }
  - { name: partners, match: { path: /partners }, to: crm, apply: [crm-as-rest] }
  - { name: open, match: { path: /open }, respond: { status: 200 } }
`;
const COUNT = 500;

const ANSWER = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><PutResponse xmlns="urn:crm"><id>7</id></PutResponse></e:Body></e:Envelope>`;

let gateway: Gateway;
let oracle: StandingOracle;
beforeAll(async () => {
  gateway = await serve(POLICY, { concurrency: 2 });
  gateway.upstream("crm").reply({ headers: { "content-type": "text/xml; charset=utf-8" }, body: ANSWER });
  oracle = await standingOracle(gateway.envoy);
});
afterAll(() => gateway?.stop());

/** A request with a body of a MiB that its signature covers, or that another one covers. */
function signed(index: number, digest: string, body: string): Buffer {
  const parameters = `("@method" "@path" "content-digest");created=${Math.floor(Date.now() / 1000)};keyid="acme";nonce="n${index}"`;
  const base = `"@method": POST\n"@path": /signed\n"content-digest": ${digest}\n"@signature-params": ${parameters}`;
  const tag = createHmac("sha256", gateway.env.ACME_SECRET ?? "")
    .update(base)
    .digest("base64");
  return rawRequestBytes({
    method: "POST",
    target: "/signed",
    headers: [
      ["host", "shop.test"],
      ["content-digest", digest],
      ["signature-input", `s=${parameters}`],
      ["signature", `s=:${tag}:`],
      ["content-length", String(body.length)],
    ],
    body,
  });
}

/**
 * Envoy closes the connection of a body that is refused, a second after it has answered. A worker that has a hundred MiB to look at may have had no time
 * to send the answer by then.
 */
function unanswered(kind: string, error: unknown): "closed" {
  if (kind !== "changed" || !`${error}`.includes("the connection ended before")) throw error;
  return "closed";
}

test("bodies beyond what a module can hold are served or refused, one by one, and nothing breaks", async () => {
  const body = "x".repeat(MEBIBYTE);
  const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
  const json = `{"name":"${"x".repeat(MEBIBYTE - 11)}"}`;
  const converted = rawRequestBytes({
    method: "POST",
    target: "/partners",
    headers: [
      ["host", "shop.test"],
      ["content-type", "application/json"],
      ["content-length", String(json.length)],
    ],
    body: json,
  });
  const clients = await Promise.all(
    Array.from({ length: COUNT }, async (_, index) => {
      const kind = index % 5 === 4 ? "converted" : index % 5 === 3 ? "changed" : "signed";
      const data = kind === "converted" ? converted : signed(index, digest, body);
      if (kind === "changed") data[data.length - 1] = 0x79;
      const connection = await openRaw({ port: gateway.port() });
      // All but the last byte: none of them is at its end before all of them are there.
      connection.send(data.subarray(0, data.length - 1));
      return { kind, connection, last: data.subarray(data.length - 1) };
    }),
  );
  const active = async () =>
    (await gateway.envoy.admin.stats("^http\\.public\\.downstream_rq_active$")).get("http.public.downstream_rq_active");
  await until("all of them to be under way", async () => (await active()) === COUNT);
  const seen = new Map<string, (number | "closed")[]>();
  await Promise.all(
    clients.map(async ({ kind, connection, last }) => {
      connection.send(last);
      const status = await connection.response("POST").then(
        (reply) => reply.status,
        (error: unknown) => unanswered(kind, error),
      );
      seen.set(kind, [...(seen.get(kind) ?? []), status]);
      connection.close();
    }),
  );
  const statuses = (kind: string) => [...new Set(seen.get(kind))].filter((status) => status !== "closed").toSorted();
  const count = (kind: string, status: number) => seen.get(kind)?.filter((one) => one === status).length ?? 0;
  // Each is answered by what it is, whatever the others are.
  expect([statuses("signed"), statuses("changed")]).toEqual([[200], [400]]);
  const refused = (await gateway.envoy.admin.stats("^http\\.public\\.downstream_rq_4xx$")).get(
    "http.public.downstream_rq_4xx",
  );
  expect(refused).toBe((seen.get("changed")?.length ?? 0) + count("converted", 413));
  // Who finds no room for what is converted is told so.
  expect(statuses("converted")).toContain(200);
  for (const status of statuses("converted")) expect([200, 413, 503]).toContain(status);
  const served = count("converted", 200);
  expect(gateway.upstream("crm").received.map(({ body: { length } }) => length > MEBIBYTE)).toEqual(
    Array.from({ length: served }, () => true),
  );
  await oracle.check({
    goodRequest: (agent) => request(gateway.url("/open"), { agent }),
    secrets: Object.values(gateway.env),
  });
});
