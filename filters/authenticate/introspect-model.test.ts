import { beforeAll, describe, expect, it } from "vitest";
import { checkText } from "../../compiler/index.js";
import { guardConfiguration } from "../../compiler/plan/guard.js";
import type { PolicyPlan } from "../../compiler/plan/plan.js";
import type { RequestView } from "../../compiler/request/verdict.js";
import { withTestKeys } from "../../compiler/testing/credentials.js";
import { decisionOf, Introspecting, toldOf } from "../../test/support/introspecting.js";
import { type CompiledModule, loadModule } from "../../test/support/module-host.js";

// What `explain` says of a token that a service knows, and how tests sign in by one, against the module.

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  orders: { endpoints: [127.0.0.1:9001] }
  idp: { endpoints: [127.0.0.1:9002] }
consumers:
  acme: { credentials: [{ jwt: { subject: acme-app } }] }
  globex: { credentials: [{ jwt: { subject: globex-app, issuer: https://other.example.com/ } }] }
policies:
  known:
    authenticate:
      anyOf:
        - introspect:
            service: idp
            path: /introspect
            client: env:CLIENT
            secret: env:SECRET
            consumer: claims.app.id
            issuer: https://id.example.com/
            audiences: [orders]
        - jwt: { issuer: i, audiences: [a], secret: env:TOKEN_SECRET }
routes:
  - { name: r, match: { path: /orders/** }, to: orders, apply: [known] }
`;

const { plan } = checkText("policy.yaml", POLICY);
if (plan === undefined) throw new Error("the policy has no error");
const keyed = withTestKeys(plan).plan;

const viewOf = (authorization: readonly string[], consumers = keyed.consumers): RequestView => ({
  route: "r",
  sent: { method: "GET", target: "/orders/7", authority: "shop.example" },
  attribute: () => undefined,
  header: (name) => (name === "authorization" ? authorization : []),
  consumers,
  variable: () => undefined,
  assumed: undefined,
  show: () => "",
});

function judged({ policies: [policy] }: { policies: readonly PolicyPlan[] }, ...authorization: string[]) {
  const verdict = policy?.decide?.(viewOf(authorization));
  return verdict && { outcome: verdict.outcome, decision: verdict.decision, consumer: verdict.caller?.consumer?.name };
}

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

/** As the module judges it where the service says this. */
function decidedByModule(token: string, body: unknown) {
  const module = new Introspecting(guard, [guardConfiguration(keyed, ["consumer", "decision"])], {
    environment: { CLIENT: "c", SECRET: "s", TOKEN_SECRET: "a secret that is as long as HS256 asks" },
  });
  const stream = module.begin(token);
  if (stream.isHeld("request")) module.answer(body);
  return { decision: decisionOf(stream), consumer: toldOf(stream, "consumer") };
}

describe("a token", () => {
  it.each([
    ["of nothing", "", "malformed-credential"],
    ["with a space", "a b", "malformed-credential"],
    ["with a comma", "a,b", "duplicate-credential"],
    ["of 4,097 bytes", "x".repeat(4097), "token-too-long"],
    ["of three parts", "a.b.c", "token-encoding"],
  ])("%s is refused before anybody is asked", (_, token, reason) => {
    expect(judged(plan, `Bearer ${token}`)).toMatchObject({ outcome: "denied", decision: ` denied ${reason}` });
    expect(decidedByModule(token, "").decision).toBe(`known denied ${reason} 401`);
  });

  it("is what the service says, which nobody else knows", () => {
    expect(judged(plan, "Bearer opaque")).toMatchObject({ outcome: "open" });
    expect(judged(keyed, "Bearer opaque")).toMatchObject({ outcome: "open" });
    expect(judged(plan, "Bearer test-token-of-acme")).toMatchObject({ outcome: "open" });
  });

  it("is asked for by the scheme Bearer, once", () => {
    expect(judged(plan)).toMatchObject({ decision: " denied no-credential" });
    expect(judged(plan, "Basic YTpi")).toMatchObject({ decision: " denied malformed-credential" });
    expect(judged(plan, "Bearer a", "Bearer a")).toMatchObject({ decision: " denied duplicate-credential" });
  });

  it("of the runner is that of its consumer, with a subject of its own or one for tests", () => {
    const [policy] = keyed.policies;
    for (const consumer of ["acme", "globex"]) {
      const token = `test-token-of-${consumer}`;
      expect(judged(keyed, `Bearer ${token}`)).toEqual({
        outcome: "allowed",
        decision: " allowed authenticated",
        consumer,
      });
      const said = policy?.signIn?.introspected?.(token, keyed.consumers);
      expect(said).toMatchObject({ active: true, iss: "https://id.example.com/", aud: "orders" });
      expect(decidedByModule(token, said)).toEqual({ decision: "known allowed authenticated passed", consumer });
    }
    expect(policy?.signIn?.introspected?.("test-token-of-nobody", keyed.consumers)).toBeUndefined();
  });
});
