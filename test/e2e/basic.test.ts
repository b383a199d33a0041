import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { verifierOf } from "../../compiler/plan/verifier.js";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { request } from "../support/http.js";
import { connectionManagers, edited } from "./support/edit.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

const PASSWORDS = { acme: "s:ecret", jörg: "pässwort", plain: "a" };

const consumers = Object.entries(PASSWORDS).map(
  ([user, password], index) =>
    `  c${index}: { tier: gold, credentials: [{ basic: { user: ${user}, verifier: ${verifierOf(password, 2000)} } }] }\n`,
);

const policy = (authenticate: string) => `apiVersion: sluice/v1
kind: Gateway
name: people
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
consumers:
${consumers.join("")}policies:
  people: { authenticate: { anyOf: [{ basic: {} }], ${authenticate} } }
routes:
  - { name: people, match: { path: /** }, to: echo, apply: [people] }
  - { name: open, match: { path: /open }, to: echo }
`;

type Pair = readonly [name: string, value: string];

const base64 = (text: string | Uint8Array) => Buffer.from(text).toString("base64");
const basic = (text: string): Pair => ["authorization", `Basic ${base64(text)}`];

async function holds(oracle: StandingOracle, gateway: Gateway, path = "/x"): Promise<void> {
  await oracle.check({
    // The scheme in small letters is the same one.
    goodRequest: (agent) =>
      request(gateway.url(path), { agent, headers: { authorization: `basic ${base64("acme:s:ecret")}` } }),
    secrets: ["s:ecret", base64("acme:s:ecret"), PASSWORDS.jörg, base64(`jörg:${PASSWORDS.jörg}`)],
  });
}

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  let gateway: Gateway;
  let oracle: StandingOracle;
  beforeAll(async () => {
    gateway = await serve(policy("lockout: false"), { concurrency });
    oracle = await standingOracle(gateway.envoy);
  });
  afterAll(() => gateway?.stop());
  beforeEach(() => gateway.forget());

  const get = (...headers: Pair[]) => gateway.raw({ target: "/x", headers });

  test("a right password passes, and stays at the gateway", async () => {
    for (const text of ["acme:s:ecret", "jörg:pässwort", "acme:s:ecret"])
      expect((await get(basic(text))).status).toBe(200);
    const told = gateway.heard().map((request) => [request.values("x-consumer"), request.values("authorization")]);
    expect(told).toEqual([
      [["c0"], []],
      [["c1"], []],
      [["c0"], []],
    ]);
  });

  const refused: [string, Pair[], string][] = [
    ["nothing", [], "no-credential"],
    ["a wrong password", [basic("acme:secret")], "unknown-credential"],
    ["an unknown user", [basic("nobody:s:ecret")], "unknown-credential"],
    ["no colon", [basic("acme")], "malformed-credential"],
    ["a colon and no more", [basic(":")], "malformed-credential"],
    ["no base64", [["authorization", "Basic ====="]], "malformed-credential"],
    ["base64 without its padding", [["authorization", "Basic YWNtZTpzOmVjcmV0MQ"]], "malformed-credential"],
    ["NUL", [basic("acme:s:ecret\0")], "malformed-credential"],
    [
      "bytes that are not UTF-8",
      [["authorization", `Basic ${base64(Buffer.of(0xc3, 0x28, 0x3a, 0x61))}`]],
      "malformed-credential",
    ],
    ["another scheme", [["authorization", "Bearer x"]], "malformed-credential"],
    ["two headers", [basic("acme:s:ecret"), basic("acme:s:ecret")], "duplicate-credential"],
  ];
  test.each(refused)("%s is refused", async (_, headers, reason) => {
    const { reply, decision } = await gateway.judged(() => get(...headers));
    expect([reply.status, decision.decision]).toEqual([401, `people denied ${reason}`]);
    expect(reply.headers).toContainEqual(["www-authenticate", 'Basic realm="people", charset="UTF-8"']);
    expect(gateway.heard()).toEqual([]);
    expect(JSON.stringify(decision)).not.toContain("ecret");
  });

  test("afterwards no VM has trapped, no password is shown, and every worker serves", () => holds(oracle, gateway));
});

describe.each(WORKER_COUNTS)("lockout, with %i workers", (concurrency) => {
  let gateway: Gateway;
  let oracle: StandingOracle;
  beforeAll(async () => {
    gateway = await serve(policy("optional: false"), { concurrency });
    oracle = await standingOracle(gateway.envoy);
  });
  afterAll(() => gateway?.stop());

  test("after ten failures in a minute nobody is listened to, by default", async () => {
    const get = (text: string) => gateway.judged(() => gateway.raw({ target: "/x", headers: [basic(text)] }));
    expect((await get("acme:s:ecret")).reply.status).toBe(200);
    for (let failure = 0; failure < 10; failure++) expect((await get(`acme:${failure}`)).reply.status).toBe(401);
    const { reply, decision } = await get("acme:s:ecret");
    expect([reply.status, decision.decision]).toEqual([429, "people denied locked-out"]);
    const [, wait] = reply.headers.find(([name]) => name === "retry-after") ?? [];
    expect(Number(wait)).toBeGreaterThanOrEqual(1);
    expect(Number(wait)).toBeLessThanOrEqual(6);
    expect(gateway.upstream("echo").received).toHaveLength(1);
    await holds(oracle, gateway, "/open");
  });
});

// Envoy's own filter on the same requests, with {SHA} hashes of the same passwords. It cannot read PBKDF2.
describe("beside Envoy's basic_auth", () => {
  const lines = Object.entries(PASSWORDS).map(
    ([user, password]) => `${user}:{SHA}${createHash("sha1").update(password).digest("base64")}`,
  );
  const native = {
    name: "envoy.filters.http.basic_auth",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.basic_auth.v3.BasicAuth",
      users: { inline_string: lines.join("\n") },
    },
  };
  let ours: Gateway;
  let theirs: Gateway;
  beforeAll(async () => {
    ours = await serve(policy("lockout: false"), {});
    const open = policy("lockout: false").replace(", apply: [people]", "");
    theirs = await serve(open, {
      edit: edited((document) => {
        for (const manager of connectionManagers(document)) manager.http_filters.unshift(native);
      }),
    });
  });
  afterAll(async () => {
    await ours?.stop();
    await theirs?.stop();
  });

  /** What we take and Envoy's filter refuses: RFC 9110, section 11.1, compares schemes without case. */
  const isOtherCase = (value: string) => /^basic /i.test(value) && !value.startsWith("Basic ");

  test("what it refuses is refused, but for the case of the scheme", async () => {
    const user = fc.constantFrom(...Object.keys(PASSWORDS), "nobody", "", "ACME");
    const password = fc.constantFrom(...Object.values(PASSWORDS), "", "x", "s:ecret\0", "s:ecret ");
    const right = fc.constantFrom(...Object.entries(PASSWORDS)).map(([name, word]) => `${name}:${word}`);
    const text = fc.oneof(
      { weight: 5, arbitrary: right },
      { weight: 4, arbitrary: fc.tuple(user, password).map(([name, word]) => `${name}:${word}`) },
      { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
    );
    const encoded = fc.tuple(text, fc.constantFrom("", "", "", "=", " ", "%")).map(([one, end]) => base64(one) + end);
    const value = fc
      .tuple(fc.constantFrom("Basic ", "Basic ", "Basic ", "basic ", "Basic", "Basic  ", "Bearer "), encoded)
      .map(([scheme, credential]) => scheme + credential);
    const values = fc.sample(value, { numRuns: 500, seed: 7 });
    const onlyOurs: string[] = [];
    const both = { passed: 0, refused: 0 };
    for (const one of values) {
      const headers: Pair[] = [["authorization", one]];
      const [mine, their] = await Promise.all([ours, theirs].map((gateway) => gateway.raw({ target: "/x", headers })));
      const passes = mine?.status === 200;
      const theyPass = their?.status === 200;
      if (passes && !isOtherCase(one)) expect([one, theyPass]).toEqual([one, true]);
      if (!passes && theyPass) onlyOurs.push(one);
      if (passes && theyPass) both.passed++;
      if (!passes && !theyPass) both.refused++;
    }
    expect(both.passed).toBeGreaterThan(10);
    expect(both.refused).toBeGreaterThan(50);
    // Only we refuse it: control characters, which RFC 7617, section 2, does not let in, and what no strict reader of base64 takes.
    for (const one of onlyOurs) {
      const credential = one.slice("Basic ".length);
      const bytes = Buffer.from(credential, "base64");
      const isStrict = bytes.toString("base64") === credential;
      expect([one, isStrict && bytes.every((byte) => byte >= 0x20 && byte !== 0x7f)]).toEqual([one, false]);
    }
  });
});
