import { describe, expect, it, test } from "vitest";
import { checkText } from "../index.js";
import { formatSpan } from "../syntax/source.js";

const HEAD = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:8080 } }
services: { orders: { endpoints: [127.0.0.1:9001] } }
`;
const ROUTES = "routes: [{ name: all, match: { path: /** }, to: orders, apply: [p] }]\n";

/** `line code: message` of each finding, the lines counted from where the text begins. */
function found(text: string, head = HEAD): string[] {
  const before = head.split("\n").length - 1;
  return checkText("p.yaml", head + text).diagnostics.map(
    ({ code, message, span }) => `${Number(formatSpan(span).split(":")[1]) - before} ${code}: ${message}`,
  );
}

const policy = (body: string) => found(`policies:\n  p:\n${body.replace(/^/gm, "    ")}\n${ROUTES}`);

describe("a mistake hides nothing beside it", () => {
  test("in the rules of a policy", () => {
    const rules = policy(`authorize:
  otherwise: never
  rules:
    - { name: a, allow: true }
    - { name: B, allow: auth.teir == "gold" }
    - { name: c, alow: "true" }
    - { allow: auth.tir == "gold" }
    - { allow: '"a" in auth.grups' }
    - { name: d, deny: auth.consumr == "x", allow: 1 }
    - { name: e, deny: auth.tire == "x" }
    - 7`);
    expect(rules.map((line) => line.split(";")[0])).toEqual([
      '4 SL0105: found "never", expected one of: deny, allow',
      "6 SL0103: expected a text, found true",
      "7 SL0104: a name has 1 to 63 lower-case letters, digits and dashes, and starts and ends with a letter or digit",
      "7 SL0506: there is no attribute `auth.teir`",
      "8 SL0101: unknown key `alow`",
      "9 SL0102: `name` is missing",
      "9 SL0506: there is no attribute `auth.tir`",
      "10 SL0102: `name` is missing",
      "10 SL0506: there is no attribute `auth.grups`",
      "11 SL0413: the rule `d` needs exactly one of `allow` and `deny`",
      "11 SL0103: expected a text, found 1",
      "12 SL0506: there is no attribute `auth.tire`",
      "13 SL0103: expected a mapping, found 7",
    ]);
  });

  test("in a limit", () => {
    expect(policy("rateLimit: { key: [auth.teir, 5], rate: { gold: 5, default: 7 } }").map(codeOf)).toEqual([
      "SL0506",
      "SL0103",
      "SL0103",
      "SL0103",
    ]);
    expect(policy("rateLimit: { key: [auth.teir] }").map(codeOf)).toEqual(["SL0481", "SL0506"]);
  });

  test("in the other origins of cors", () => {
    expect(policy('cors: { origins: [nope, "*"], credentials: true, maxAge: 7 }').map(codeOf)).toEqual([
      "SL0104",
      "SL0425",
      "SL0103",
    ]);
  });

  test("in a route", () => {
    const routes = `routes:
  - { name: a, match: { path: a/**, methods: [get], headers: { x: 5, Y: 7 } }, to: order, timeout: 2, apply: [p] }
  - { match: { path: b }, to: [{ service: order, weight: -1 }, 5], timeout: 0s }
  - { name: C, match: 7, to: 5, timeout: 2s, except: [q] }
`;
    expect(found(routes).map((line) => line.slice(0, 8))).toEqual([
      ...["2 SL0302", "2 SL0104", "2 SL0103", "2 SL0104", "2 SL0103", "2 SL0201", "2 SL0103", "2 SL0201"],
      ...["3 SL0102", "3 SL0302", "3 SL0201", "3 SL0104", "3 SL0103", "3 SL0307"],
      ...["4 SL0104", "4 SL0103", "4 SL0103", "4 SL0201"],
    ]);
  });

  test("under a name that is none", () => {
    const consumers = "consumers:\n  Acme: { tier: [gold], groups: x, credentials: [{ apiKey: plain-key }] }\n";
    const policies = 'policies:\n  P_: { authorize: { rules: [{ name: a, allow: "auth.teir" }] } }\n';
    expect(found(`${consumers}${policies}${ROUTES.replace("[p]", "[P_]")}`).map(codeOf)).toEqual([
      ...["SL0104", "SL0103", "SL0103", "SL0204"],
      ...["SL0104", "SL0506"],
    ]);
  });
});

describe("one mistake is told once", () => {
  it.each([
    ["a key that is misspelt", "consumers: { a: { credentials: [{ apikey: env:K }] } }\npolicies: {}\n", ["SL0101"]],
    ["a key that is guessed", "consumers: { a: { credentials: [{ apiKeu: env:K }] } }\npolicies: {}\n", ["SL0101"]],
    ["a section that is misspelt", "polices: { p: { rateLimit: { rate: 1/second } } }\n", ["SL0101"]],
    ["a section that is of another type", "policies: [p]\n", ["SL0103"]],
  ])("%s", (_, text, codes) => {
    const routes = text.includes("policies: {}") ? ROUTES.replace("[p]", "[]") : ROUTES;
    expect(found(text + routes).map(codeOf)).toEqual(codes);
  });

  it.each([
    ["the address of a service", HEAD.replace("endpoints", "endpoint"), ROUTES.replace("[p]", "[]"), ["SL0101"]],
    ["the action of a route", HEAD, ROUTES.replace("to:", "too:").replace("[p]", "[]"), ["SL0101"]],
    ["the kind of a policy", HEAD, `policies: { p: { ratelimit: { rate: 1/second } } }\n${ROUTES}`, ["SL0101"]],
    [
      "the service that is left",
      HEAD,
      `service: { b: { dns: "b:80" } }\n${ROUTES.replace("orders, apply: [p]", "b")}`,
      ["SL0101"],
    ],
  ])("%s", (_, head, text, codes) => {
    expect(found(text, head).map(codeOf)).toEqual(codes);
  });

  test("a name and a match that two routes have", () => {
    const routes = "routes:\n  - { name: a, match: { path: /a }, to: orders }\n";
    expect(found(`${routes}  - { name: a, match: { path: /a }, to: orders }\n`)).toEqual([
      "3 SL0202: the route `a` is defined twice",
    ]);
    expect(found(`${routes}  - { name: b, match: { path: /a }, to: orders }\n`).map(codeOf)).toEqual(["SL0309"]);
  });

  test("routes of which a part is not known are not compared", () => {
    const routes = `routes:
  - { match: { path: /a }, to: orders }
  - { match: { path: /a }, to: orders }
  - { name: c, match: { path: /a, methods: [5] }, to: orders }
  - { name: d, match: { path: /a }, to: orders }
`;
    expect(found(routes).map(codeOf)).toEqual(["SL0102", "SL0102", "SL0103"]);
  });
});

describe("what a value should be", () => {
  it.each([
    ["respond: { status: 50 }", "at least 200, found 50"],
    ["respond: { status: 700 }", "at most 599, found 700"],
    ["to: []", "at least 1 item, found none"],
    [
      'respond: { status: 200 }, match: { path: /a, methods: ["*"] }',
      "`*` is no method; a route without `methods` takes all of them",
    ],
  ])("%s", (action, reason) => {
    const match = action.includes("match:") ? "" : "match: { path: /a }, ";
    expect(found(`routes: [{ name: a, ${match}${action} }]\n`)).toEqual([`1 SL0104: ${reason}`]);
  });
});

function codeOf(line: string): string {
  return /SL\d{4}/.exec(line)?.[0] ?? line;
}
