import { createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { request } from "../support/http.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

// Signatures in a real Envoy that say another thing than the request that they come with: what is signed is in one place, and once.

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: signatures
listeners: { public: { address: 127.0.0.1:8080 } }
services: { echo: { endpoints: [127.0.0.1:9001] } }
consumers:
  acme: { credentials: [{ hmac: { keyId: acme, secret: env:ACME_SECRET } }] }
policies:
  fields: { authenticate: { anyOf: [{ hmac: { components: ["@method", "@path", "@query", x-a, x-b] } }] } }
  dated: { authenticate: { anyOf: [{ hmac: { components: ["@method", "@path", date] } }] } }
  whole: { authenticate: { anyOf: [{ hmac: { components: ["@method", "@path", content-digest], maxBody: 1Ki } }] } }
routes:
  - { name: fields, match: { path: /fields/** }, to: echo, apply: [fields] }
  - { name: dated, match: { path: /dated/** }, to: echo, apply: [dated] }
  - { name: whole, match: { path: /whole/** }, to: echo, apply: [whole] }
`;

type Line = readonly [name: string, value: string];

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  let gateway: Gateway;
  let oracle: StandingOracle;
  let nonces = 0;
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency });
    oracle = await standingOracle(gateway.envoy);
  });
  afterAll(() => gateway?.stop());
  beforeEach(() => gateway.forget());

  /** A signature over components with these values, whatever the request has. */
  function signatureOf(values: readonly Line[]): Line[] {
    const created = Math.floor(Date.now() / 1000);
    const covered = values.map(([name]) => `"${name}"`).join(" ");
    const list = `(${covered});created=${created};keyid="acme";nonce="n${nonces++}"`;
    const base = values.map(([name, value]) => `"${name}": ${value}\n`).join("");
    const tag = createHmac("sha256", gateway.env.ACME_SECRET ?? "")
      .update(`${base}"@signature-params": ${list}`)
      .digest("base64");
    return [
      ["signature-input", `s=${list}`],
      ["signature", `s=:${tag}:`],
    ];
  }

  const FIELDS: readonly Line[] = [
    ["@method", "GET"],
    ["@path", "/fields/a"],
    ["@query", "?b=c"],
    ["x-a", "a"],
    ["x-b", "bc"],
  ];
  const fields = (target: string, ...headers: Line[]) =>
    gateway.raw({ target, headers: [...signatureOf(FIELDS), ...headers] });

  test("what was signed as one field is not another, wherever the bytes were moved", async () => {
    expect((await fields("/fields/a?b=c", ["x-a", "a"], ["x-b", "bc"])).status).toBe(200);
    gateway.forget();
    const moved = [
      await fields("/fields/a?b=c", ["x-a", "ab"], ["x-b", "c"]),
      await fields("/fields/a?b=c", ["x-a", "abc"], ["x-b", ""]),
      await fields("/fields/a?b=c", ["x-a", ""], ["x-b", "abc"]),
      await fields("/fields/a?b=c", ["x-a", 'a"x-b": bc'], ["x-b", ""]),
      await fields("/fields/a?b=c", ["x-a", "a, bc"]),
      await fields("/fields/a?b=c", ["x-b", "a"], ["x-a", "bc"]),
      await fields("/fields/a?b=", ["x-a", "ca"], ["x-b", "bc"]),
      await fields("/fields/a%3Fb=c", ["x-a", "a"], ["x-b", "bc"]),
      await fields("/fields/a?b=c?", ["x-a", "a"], ["x-b", "bc"]),
    ];
    expect(moved.map(({ status }) => status)).toEqual(moved.map(() => 401));
    for (const reply of moved) expect(reply.values("www-authenticate")).toEqual(['Signature realm="signatures"']);
    expect(gateway.heard()).toEqual([]);
  });

  test("nor is it in two lines, however they are put together", async () => {
    const twice = [
      await fields("/fields/a?b=c", ["x-a", "a"], ["x-a", "a"], ["x-b", "bc"]),
      await fields("/fields/a?b=c", ["x-a", "a"], ["x-b", "bc"], ["X-B", "other"]),
      await fields("/fields/a?b=c", ["x-a", "a"], ["x-b", "b"], ["x-b", "c"]),
      await fields("/fields/a?b=c", ["x-a", ""], ["x-a", "a"], ["x-b", "bc"]),
    ];
    expect(twice.map(({ status }) => status)).toEqual(twice.map(() => 401));
    expect(gateway.heard()).toEqual([]);
  });

  test("a date that is signed has to be there, and a body has to be signed", async () => {
    const date = new Date().toUTCString();
    const head: readonly Line[] = [
      ["@method", "GET"],
      ["@path", "/dated/a"],
    ];
    const dated = signatureOf([...head, ["date", date]]);
    expect((await gateway.raw({ target: "/dated/a", headers: [...dated, ["date", date]] })).status).toBe(200);
    gateway.forget();
    const post: readonly Line[] = [
      ["@method", "POST"],
      ["@path", "/whole/a"],
    ];
    const body = { method: "POST", target: "/whole/a", body: "body" } as const;
    const refused = [
      await gateway.raw({ target: "/dated/a", headers: signatureOf([...head, ["date", date]]) }),
      await gateway.raw({ target: "/dated/a", headers: signatureOf([...head, ["date", ""]]) }),
      await gateway.raw({ target: "/dated/a", headers: [...signatureOf(head), ["date", date]] }),
      await gateway.raw({ ...body, headers: [...signatureOf(post), ["content-length", "4"]] }),
      await gateway.raw({
        ...body,
        headers: [...signatureOf([...post, ["content-digest", ""]]), ["content-length", "4"]],
      }),
    ];
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 401));
    expect(gateway.heard()).toEqual([]);
  });

  test("afterwards no VM has trapped, no secret is shown, and every worker serves", async () => {
    await oracle.check({
      goodRequest: (agent) => {
        const headers = Object.fromEntries([...signatureOf(FIELDS), ["x-a", "a"], ["x-b", "bc"]]);
        return request(gateway.url("/fields/a?b=c"), { agent, headers });
      },
      secrets: Object.values(gateway.env),
    });
  });
});
