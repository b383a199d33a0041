import { describe, expect, it } from "vitest";
import { checkEnvelopes, envelopePlan } from "../../test/support/envelope/module.js";
import { explainRequest } from "../request/explain.js";
import { requestText } from "../request/text.js";
import { formatSpan } from "../syntax/source.js";
import { bodyConfiguration, bodyVariables } from "./body.js";
import { explainRoute, routeLine } from "./explain.js";
import { environmentVariables, guardConfiguration, guardVariables } from "./guard.js";

const HEAD = `apiVersion: sluice/v1
kind: Gateway
name: crm
listeners: { public: { address: 127.0.0.1:8080 } }
services: { crm: { endpoints: [127.0.0.1:9001] } }
consumers: { acme: { credentials: [{ apiKey: env:ACME_KEY }] } }
`;

const OPERATIONS = '{ GetPartner: "GET /partners/{id}", CreatePartner: POST /partners }';

/** A gateway with the policy `crm`, which has these operations. */
function policyOf(rest: string, operations = OPERATIONS, beside = ""): string {
  return `${HEAD}policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  own: { authorize: { rules: [{ name: own, allow: 'route.params.id == auth.consumer' }] } }
  crm: { ${beside}envelope: { service: /svc, secret: CRM_PASSWORD, operations: ${operations} } }
${rest}`;
}

function found(policy: string): string[] {
  return checkEnvelopes(policy).diagnostics.flatMap(({ code, message, span }) =>
    code === "SL0403" ? [] : [`${formatSpan(span)} ${code} ${message}`],
  );
}

const route = (rest: string) => `routes:\n  - { name: partners, ${rest} }\n`;
const SPLIT = route("match: { path: /partners/** }, to: crm, apply: [known, crm]");

/** What each entry of the only virtual host takes, and where that leads. */
function entries(policy: string): string[] {
  const { hosts } = envelopePlan(policy);
  return hosts.flatMap((host) => host.routes.slice(1).map((one) => `${one.name}: ${routeLine(host, one)}`));
}

describe("a route with a conversion", () => {
  it("is one entry for each operation, before 405 for their paths and 404 for all others", () => {
    expect(entries(policyOf(SPLIT))).toEqual([
      "partners: * POST /partners -> crm, as crm/CreatePartner",
      "partners: * GET /partners/{id} -> crm, as crm/GetPartner",
      "sluice:method-not-allowed: * any method /partners -> answers 405",
      "sluice:method-not-allowed: * any method /partners/{id} -> answers 405",
      "partners: * any method /partners/** -> answers 404, as crm has no such operation",
      "sluice:not-found: * any method /** -> answers 404",
    ]);
  });

  it("cannot rewrite the path as well, or take WebSockets", () => {
    const rest = route(
      "match: { path: /partners/** }, to: crm, rewrite: { path: /v2/** }, websocket: true, apply: [crm]",
    );
    expect(found(policyOf(rest)).map((line) => line.slice(line.indexOf("SL")))).toEqual([
      "SL0339 the route `partners` has `rewrite.path`, and `crm` says itself how its service is asked",
      "SL0339 the route `partners` has `websocket`, and `crm` says itself how its service is asked",
    ]);
  });

  it("leaves other methods of an operation's path to routes that come before the rest of its own", () => {
    const other = "  - { name: other, match: { path: /partners/*, methods: [PUT] }, to: crm }\n";
    expect(entries(policyOf(SPLIT + other)).filter((line) => line.includes("/partners/"))).toEqual([
      "other: * PUT /partners/* -> crm",
      "partners: * GET /partners/{id} -> crm, as crm/GetPartner",
      "sluice:method-not-allowed: * any method /partners/* -> answers 405",
      "partners: * any method /partners/** -> answers 404, as crm has no such operation",
    ]);
  });

  it("has no rest where an operation has its path", () => {
    const exact = route("match: { path: /partners, methods: [GET, POST] }, to: crm, apply: [crm]");
    expect(entries(policyOf(exact, "{ CreatePartner: POST /partners }"))).toEqual([
      "partners: * POST /partners -> crm, as crm/CreatePartner",
      "sluice:method-not-allowed: * any method /partners -> answers 405",
      "sluice:not-found: * any method /** -> answers 404",
    ]);
  });

  it("asks the guard by its name alone, whose configuration has nothing of the conversion", () => {
    const plan = envelopePlan(
      policyOf(
        route("match: { path: /partners/** }, to: crm, apply: [known, own, crm]"),
        '{ GetPartner: "GET /partners/{id}" }',
      ),
    );
    const { policies, routes } = guardConfiguration(plan, []);
    expect(policies).toMatchObject([{ name: "known" }, { name: "own" }]);
    expect(routes).toContainEqual(
      expect.objectContaining({ name: "partners", run: ["known", "own"], params: { id: 1 } }),
    );
    expect(plan.ownedRequestHeaders).toContain("x-sluice-pin");
  });

  it("is what body.wasm is configured for, with the variables that it needs", () => {
    const plan = envelopePlan(policyOf(SPLIT));
    expect(bodyConfiguration(plan)).toEqual({
      version: 1,
      policies: [{ name: "crm", envelope: { secret: "env:CRM_PASSWORD" } }],
    });
    expect([guardVariables(plan), bodyVariables(plan)]).toEqual([["ACME_KEY"], ["CRM_PASSWORD"]]);
    expect(environmentVariables(plan)).toEqual(["ACME_KEY", "CRM_PASSWORD"]);
  });

  it("is explained by its operations", () => {
    const plan = envelopePlan(policyOf(SPLIT));
    const [listener] = plan.listeners;
    if (listener === undefined) throw new Error("there is no listener");
    const explain = (method: string, target: string) => {
      const client = { method, target, host: "crm.test", headers: [], source: "192.0.2.1", time: 0 };
      const [assumed] = plan.consumers;
      return requestText(explainRequest(plan, listener, client, { variables: {}, assumed }));
    };
    const page = explain("GET", "/partners/7");
    expect(page).toMatch(/^operation crm\/GetPartner {2}policy\.yaml:10:\d+$/m);
    expect(page).toContain("allowed: converts it for GetPartner, unless it does not fit");
    expect(page).toContain("forwarded to crm as POST /svc, within 15000 ms");
    expect(page).toContain("the service gets content-type: text/xml");
    expect(explain("GET", "/partners/7/x")).toContain("404, no operation of crm takes it");
    expect(explain("PUT", "/partners/7")).toContain("405, no route of the path takes the method");
    expect(explainRoute(plan, "partners")).toContain("* GET /partners/{id} -> crm, as crm/GetPartner\n");
  });
});

describe("a conversion is refused", () => {
  it("on a route that leads to no service, and where it is mandatory", () => {
    const answers = route("match: { path: /partners/** }, respond: { status: 200 }, apply: [crm]");
    expect(found(policyOf(answers))).toEqual([
      "policy.yaml:12:88 SL0438 `crm` converts requests to a service, but the route `partners` leads to none",
    ]);
    expect(found(policyOf(`mandatory: { apply: [crm] }\n${route("match: { path: /partners/** }, to: crm")}`))).toEqual([
      "policy.yaml:11:22 SL0438 `crm` converts requests to a service, but the answers to unknown paths (404, 405) lead to none",
    ]);
    const one = "  - { name: hello, match: { path: /hello }, respond: { status: 200 } }\n";
    expect(
      found(policyOf(`defaults: { apply: [crm] }\n${route("match: { path: /partners/** }, to: crm")}${one}`)),
    ).toEqual(["policy.yaml:11:21 SL0438 `crm` converts requests to a service, but the route `hello` leads to none"]);
  });

  it("beside another one, and where it is to convert some requests only", () => {
    const twice = policyOf(route("match: { path: /partners/** }, to: crm, apply: [crm, more]"), OPERATIONS).replace(
      "routes:",
      "  more: { envelope: { service: /svc, operations: {} } }\nroutes:",
    );
    expect(found(twice)).toEqual([
      "policy.yaml:13:76 SL0439 `more` is a second conversion on this route; `crm` is the first",
    ]);
    expect(found(policyOf(SPLIT, OPERATIONS, "mode: shadow, ")).map((line) => line.slice(0, 72))).toEqual([
      "policy.yaml:10:10 SL0437 `mode: shadow` cannot stand beside `envelope`: ",
    ]);
    expect(found(policyOf(SPLIT, OPERATIONS, "onError: deny, when: request.method == 'GET', ")).join()).toMatch(
      /SL0437 `onError` .*SL0437 `when` /,
    );
    expect(found(policyOf(SPLIT, OPERATIONS, "mode: off, "))).toEqual([]);
  });

  it("with operations that the route gets no requests for", () => {
    expect(found(policyOf(SPLIT, '{ GetPartner: "GET /people/{id}" }'))).toEqual([
      "policy.yaml:12:78 SL0325 the route `partners` never gets requests for the operation `GetPartner` of `crm`: they have another path or method",
    ]);
    const limited = route("match: { path: /partners/**, methods: [GET] }, to: crm, apply: [crm]");
    expect(found(policyOf(limited)).map((line) => line.split(" ")[1])).toEqual(["SL0325"]);
  });

  it("with operations that take the same requests, or those of a route", () => {
    const same = '{ GetPartner: "GET /partners/{id}", GetByNumber: "GET /partners/{number}" }';
    expect(found(policyOf(SPLIT, same))).toEqual([
      expect.stringContaining("SL0326 `crm/GetByNumber` takes the same requests as `crm/GetPartner`"),
    ]);
    const other = "  - { name: other, match: { path: /partners/*, methods: [GET] }, to: crm }\n";
    expect(found(policyOf(SPLIT + other))).toEqual([
      expect.stringContaining("SL0326 `other` takes the same requests as `crm/GetPartner`"),
    ]);
  });

  it("where a policy reads what an operation does not capture, or captures elsewhere", () => {
    const reading = route("match: { path: /partners/** }, to: crm, apply: [known, own, crm]");
    expect(found(policyOf(reading))).toEqual([
      expect.stringContaining(
        "SL0527 `own` reads `route.params.id`, but the path of the operation `CreatePartner` captures no `id`",
      ),
    ]);
    const wandering = '{ GetPartner: "GET /partners/{id}", Find: "GET /partners/by/{id}" }';
    expect(found(policyOf(reading, wandering))).toEqual([
      expect.stringContaining(
        "SL0327 `own` reads `route.params.id`, which `GetPartner` and `Find` of the route `partners` have at different places",
      ),
    ]);
  });
});
