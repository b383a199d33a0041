import { describe, expect, it } from "vitest";
import { checkText } from "../index.js";
import { explainRequest } from "./explain.js";
import { requestData, requestText } from "./text.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:8080 } }
services: { one: { endpoints: [127.0.0.1:9001] }, two: { endpoints: [127.0.0.1:9002] } }
consumers:
  acme: { tier: gold, credentials: [{ apiKey: env:ACME_KEY }] }
  other: { credentials: [{ apiKey: env:OTHER_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  rules:
    authorize:
      rules:
        - { name: both, allow: 'request.method == "GET" && (request.path == "/a" || request.headers["x-b"] == "1")' }
        - { name: not, deny: '!(request.headers["x-token"] == "1")' }
  slow: { rateLimit: { key: ['request.headers["x-b"]'], rate: 3 per 15s burst 5 } }
  tidy:
    headers:
      request: { remove: [x-old], set: { x-caller: { attribute: auth.consumer }, x-of: { attribute: auth.tier } }, add: { x-by: shop } }
      response: { set: { x-frame-options: DENY } }
  near: { ipAccess: { allow: [192.0.2.0/24], deny: [192.0.2.1/32] } }
routes:
  - { name: tidy, match: { path: /tidy }, to: one, apply: [known, tidy] }
  - { name: near, match: { path: /near, methods: [GET] }, respond: { status: 200 }, apply: [near] }
  - { name: split, match: { path: /split }, to: [{ service: one, weight: 3 }, { service: two, weight: 1 }] }
  - { name: moved, match: { path: /moved }, redirect: { to: "https://new.example.com:8443" } }
  - { name: a, match: { path: /a }, to: one, apply: [rules] }
  - { name: slow, match: { path: /slow }, to: one, apply: [slow] }
  - { name: mine, match: { path: /mine }, to: one, apply: [known] }
  - { name: hosted, match: { host: api.example.com, path: /hosted }, to: one }
  - { name: other, match: { path: "/u/{id}/**" }, to: one, rewrite: { path: "/v2/{id}/**", host: "{id}.internal" } }
  - { name: open, match: { path: /found, query: { state: open, token: true } }, to: one }
  - { name: found, match: { path: /found }, to: two }
`;

function explain(
  target: string,
  headers: [string, string][] = [],
  variables: Record<string, string> = {},
  method = "GET",
) {
  const { plan } = checkText("policy.yaml", POLICY);
  const [listener] = plan?.listeners ?? [];
  if (plan === undefined || listener === undefined) throw new Error("the policy has an error");
  const client = { method, target, host: "shop.test", headers, source: "192.0.2.1", time: 0 };
  return explainRequest(plan, listener, client, { variables, assumed: undefined });
}

const textOf = (...given: Parameters<typeof explain>) => requestText(explain(...given));

describe("a condition", () => {
  it("is explained by the operands that decide it", () => {
    const { routed } = explain("/a");
    expect(routed?.steps[0]?.verdict).toMatchObject({
      outcome: "allowed",
      reasons: [
        {
          truth: "true",
          because: [
            { text: 'request.method == "GET"', truth: "true", because: [{ text: 'request.method is "GET"' }] },
            {
              truth: "true",
              because: [{ text: 'request.path == "/a"', because: [{ text: 'request.path is "/a"' }] }],
            },
          ],
        },
      ],
    });
  });

  it("that is false is explained by one operand of `&&`, one that is unknown by what is missing", () => {
    const { routed } = explain("/a", [], {}, "POST");
    expect(routed?.steps[0]?.verdict).toMatchObject({
      outcome: "denied",
      summary: "rule not denies it, as it cannot be known to be false",
      reasons: [
        { truth: "false", because: [{ text: 'request.method == "GET"', truth: "false" }] },
        { truth: "unknown", because: [{ text: 'request.headers["x-token"] is absent' }] },
      ],
    });
  });

  it("is explained without the value of a secret", () => {
    const text = textOf("/a", [["x-token", "s3cret"]], {}, "POST");
    expect(text).toContain('request.headers["x-token"] is there, not shown');
    expect(text).not.toContain("s3cret");
  });
});

describe("a limit", () => {
  it("names its rate and the bucket", () => {
    const text = textOf("/slow");
    expect(text).toContain('request.headers["x-b"] = absent; calls without it share one bucket');
    expect(text).toContain("counts 1 of 3 per 15s burst 5");
  });
});

describe("an answer", () => {
  it("has the weights of services", () => {
    expect(textOf("/split")).toContain("forwarded to one (weight 3 of 4, 75 %), two (weight 1 of 4, 25 %)");
  });

  it("has the place of a redirect", () => {
    expect(textOf("/moved")).toContain("a redirect to https://new.example.com:8443 with the path of the request");
  });

  it("names routes of other hosts where none serves", () => {
    expect(textOf("/hosted")).toMatch(/^not +hosted: is for host api\.example\.com {2}policy\.yaml:30:5$/m);
  });

  it("is not known where a variable is not set, and is where the key is found first", () => {
    expect(explain("/mine", [["x-api-key", "k"]]).answer).not.toHaveProperty("status");
    expect(explain("/mine", [["x-api-key", "k"]], { ACME_KEY: "k" }).answer.written).toMatchObject({
      "x-consumer": "acme",
    });
    expect(explain("/mine", [["x-api-key", "k"]], { ACME_KEY: "a", OTHER_KEY: "b" }).answer.status).toBe(401);
  });

  it("has an outcome, and where it goes, as data", () => {
    const answerOf = (...given: Parameters<typeof explain>) => requestData(explain(...given));
    expect(answerOf("/split")).toMatchObject({
      answer: {
        outcome: "forwarded",
        route: "split",
        services: [
          { service: "one", weight: 3 },
          { service: "two", weight: 1 },
        ],
        timeoutMs: 15_000,
      },
    });
    expect(answerOf("/moved")).toMatchObject({
      answer: { outcome: "answered", status: 302, redirect: { scheme: "https", host: "new.example.com", port: 8443 } },
    });
    expect(answerOf("/mine")).toMatchObject({
      answer: { outcome: "refused", status: 401, route: "mine", policy: "known" },
    });
    expect(answerOf("/mine", [["x-api-key", "k"]])).toMatchObject({ answer: { outcome: "unknown", policy: "known" } });
    expect(answerOf("/nowhere")).toMatchObject({
      answer: { outcome: "refused", status: 404, route: "sluice:not-found" },
    });
    const byListener = answerOf("/mine", [], {}, "FOO");
    expect(byListener).toMatchObject({ answer: { outcome: "refused", status: 400 } });
    expect(byListener).not.toHaveProperty("answer.route");
  });

  it("as data holds places as text only", () => {
    const data = JSON.stringify(requestData(explain("/mine", [["x-api-key", "k"]], { ACME_KEY: "k" })));
    expect(data).toContain('"policy.yaml:10:12"');
    expect(data).not.toContain("apiVersion");
  });
});

describe("policies that Envoy carries out", () => {
  it("tell what headers the service gets and does not get, and those of the answer", () => {
    const sent: [string, string][] = ["x-old", "x-caller", "x-of"].map((name) => [name, "root"]);
    const key: [string, string] = ["x-api-key", "k"];
    const { answer } = explain("/tidy", [...sent, key], { OTHER_KEY: "k" });
    expect(answer).toMatchObject({
      removed: ["x-api-key", "x-of", "x-old"],
      written: { "x-caller": "other", "x-by": "shop" },
      answerHeaders: ["x-frame-options"],
    });
    expect(answer.written).not.toHaveProperty("x-of");
  });

  it("refuse an address on a route without a service too, with a decision", () => {
    const { answer, routed } = explain("/near");
    expect([answer.outcome, answer.status, answer.policy]).toEqual(["refused", 403, "near"]);
    expect(routed?.decision).toBe("near denied address");
    expect(explain("/near", [], {}, "PUT").answer.status).toBe(405);
  });
});

it("what the service is asked for in place of what the client asks for", () => {
  const { answer } = explain("/u/7/x?token=abc&y=1");
  expect(answer).toMatchObject({
    outcome: "forwarded",
    rewritten: { path: "/v2/7/x?token=…&y=1", host: "7.internal" },
  });
  expect(textOf("/u/7")).toContain(
    "          the service is asked for the path /v2/7\n          the service is asked for the host 7.internal\n",
  );
  expect(explain("/u/a@b").answer.text).toBe("400, the path has something that stands in no host");
});

it("a route that wants other parameters nearly took a request", () => {
  expect(textOf("/found?state=closed")).toMatch(
    /^not +open: needs query parameter state to be "open"; it is "closed" /m,
  );
  expect(textOf("/found?state=open")).toMatch(/^not +open: needs query parameter token to be there; it is absent /m);
  expect(textOf("/found?state=open&token=abc")).toMatch(
    /^route +open .*\n +\* any method \/found \?state=open with \?token -> one$/m,
  );
  expect(explain("/found?state=open&state=closed").answer.text).toBe(
    "400, a service may read the query in another way",
  );
});
