import { beforeAll, describe, expect, it } from "vitest";
import { suiteOf } from "../../test/support/suites.js";
import { published, TOKEN_KEYS, tokenBy } from "../../test/support/token-keys.js";
import { moduleBytes } from "../cli/files.js";
import { checkText } from "../index.js";
import type { GatewayPlan } from "../plan/plan.js";
import { type CaseResult, SuiteRunner } from "./run.js";

// Test cases of a policy whose keys a service publishes: what the service answers is the runner's to say, and the file's.

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:8080 } }
services:
  orders: { endpoints: [127.0.0.1:9001] }
  idp: { endpoints: [127.0.0.1:9002] }
consumers:
  acme: { credentials: [{ jwt: { subject: acme-app } }] }
policies:
  known:
    authenticate:
      anyOf: [{ jwt: { issuer: https://id.example.com/, audiences: [orders], jwks: { service: idp, path: /jwks } } }]
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [known] }
  - { name: published, match: { path: /jwks }, to: idp }
`;

const { rsa, otherRsa } = TOKEN_KEYS;
const token = tokenBy(rsa, { iss: "https://id.example.com/", aud: "orders", sub: "alice", exp: 4_000_000_000 });
const KEYS = JSON.stringify([published(rsa)]);
const HEAD = "apiVersion: sluice/v1\nkind: Test\npolicy: policy.yaml\n";

let runner: SuiteRunner;
let plan: GatewayPlan;
beforeAll(async () => {
  runner = new SuiteRunner({ guard: await moduleBytes("guard.wasm") });
  const checked = checkText("policy.yaml", POLICY);
  if (checked.plan === undefined) throw new Error("no plan");
  plan = checked.plan;
});

async function run(body: string, upstreams = ""): Promise<CaseResult> {
  const [result] = await runner.run(suiteOf(`${HEAD}${upstreams}cases:\n  - { name: it, ${body} }\n`), plan);
  if (result === undefined) throw new Error("no result");
  return result;
}

const sent = `request: { path: /orders/7, headers: { authorization: "Bearer ${token}" } }`;

describe("a case", () => {
  it.each([
    [
      "signs in by the runner's own key",
      "as: acme, request: { path: /orders/7 }, expect: { status: 200, upstream: { service: orders, headers: { x-consumer: acme } } }",
    ],
    [
      "does so beside keys of the file",
      `as: acme, upstreams: { idp: { jwks: { keys: ${KEYS} } } }, request: { path: /orders/7 }, expect: { status: 200 }`,
    ],
    [
      "has keys that the file says",
      `upstreams: { idp: { jwks: { keys: ${KEYS} } } }, ${sent}, expect: { status: 200 }`,
    ],
    ["has no others", `${sent}, expect: { status: 401, decidedBy: known, upstream: none }`],
    [
      "has others",
      `upstreams: { idp: { jwks: { keys: [${JSON.stringify({ ...published(otherRsa), kid: "rsa" })}] } } }, ${sent}, expect: { status: 401 }`,
    ],
    [
      "may have none at all",
      "as: acme, upstreams: { idp: { jwks: { status: 503 } } }, request: { path: /orders/7 }, expect: { status: 503, decidedBy: known, upstream: none }",
    ],
    [
      "may be about the service itself",
      "upstreams: { idp: { status: 418, jwks: { status: 503 } } }, request: { path: /jwks }, expect: { status: 418, upstream: idp }",
    ],
    [
      "has keys for as long as they are good",
      "as: acme, steps: [{ request: { path: /orders/7 }, expect: { status: 200 } }, { wait: 24h }, { request: { path: /orders/7 }, expect: { status: 200 } }]",
    ],
  ])("%s", async (_, body) => {
    const { outcome, failure } = await run(body);
    expect({ outcome, differences: failure?.differences ?? [] }).toEqual({ outcome: "passed", differences: [] });
  });

  it("has what the file says of all cases, unless it says something else itself", async () => {
    const upstreams = "upstreams: { idp: { jwks: { status: 500 } } }\n";
    expect((await run("as: acme, request: { path: /orders/7 }, expect: { status: 503 }", upstreams)).outcome).toBe(
      "passed",
    );
    const own = "as: acme, upstreams: { idp: {} }, request: { path: /orders/7 }, expect: { status: 200 }";
    expect((await run(own, upstreams)).outcome).toBe("passed");
  });

  it("that fails says what was decided", async () => {
    const { failure } = await run(
      "as: acme, upstreams: { idp: { jwks: { status: 500 } } }, request: { path: /orders/7 }, expect: { status: 200 }",
    );
    expect(failure?.differences.map(({ what, actual }) => `${what}: ${actual}`)).toEqual(["status: 503"]);
    expect(failure?.trace.join("\n")).toContain("known denied no-keys");
  });
});
