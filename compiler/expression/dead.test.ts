import fc from "fast-check";
import { expect, it } from "vitest";
import { checkText } from "../index.js";
import { SourceFile } from "../syntax/source.js";
import { AMBIGUOUS, type Environment, evaluate } from "./evaluate.js";
import { checkExpressionAt } from "./expression.js";

function checked(text: string) {
  const span = { source: new SourceFile("policy.yaml", text), start: 0, end: text.length };
  return checkExpressionAt(text, { span, map: (index) => index }, "bool");
}

function findingsOf(text: string): string[] {
  return checked(text).diagnostics.map(({ code, message }) => `${code} ${message}`);
}

const requests: Record<string, ReturnType<Environment>>[] = [
  { "request.path": "/", "request.method": "GET", "request.host": "a.b", "source.ip": "::1", "request.size": 0 },
  { "request.path": "/a/b", "request.method": "get", "request.host": "b", "source.ip": "10.0.0.1", "request.size": 5 },
  {
    "request.path": "//",
    "request.method": "PUT",
    "request.host": AMBIGUOUS,
    "source.ip": "2001:db8::1",
    "source.port": 0,
  },
  {
    "request.path": "/%2F;a",
    "request.method": "B",
    "request.host": "[::1]",
    "source.ip": "::2",
    "source.port": 65_535,
  },
];
const environments = requests.map((values): Environment => {
  const known = new Map(Object.entries(values));
  return (name) => known.get(name);
});

const attribute = fc.constantFrom(
  "request.path",
  "request.method",
  "request.host",
  "source.ip",
  'request.headers["a"]',
);
const literal = fc.constantFrom(
  "",
  "/",
  "/a",
  "a",
  "A",
  "a.b",
  "a.b:80",
  "//",
  "/a//b",
  "%61",
  "GET",
  "get",
  "::1",
  "::0",
  "[",
  ":",
  "?",
);
const test = fc.oneof(
  fc.tuple(attribute, fc.constantFrom("==", "!="), literal).map(([a, sign, b]) => `${a} ${sign} "${b}"`),
  fc.tuple(attribute, literal, literal).map(([a, b, c]) => `${a} in ["${b}", "${c}"]`),
  fc
    .tuple(attribute, fc.constantFrom("startsWith", "endsWith", "contains"), literal)
    .map(([a, name, b]) => `${a}.${name}("${b}")`),
  fc
    .tuple(attribute, fc.constantFrom("", ".*", "^", "^/", "^a", "//", "[A-Z]", "^.*$", "a^"))
    .map(([a, pattern]) => `${a}.matches("${pattern}")`),
  fc
    .tuple(
      fc.constantFrom("request.size", "source.port"),
      fc.constantFrom("<", "<=", ">", ">=", "==", "!="),
      fc.constantFrom(-1, 0, 5, 65_535, 65_536),
    )
    .map(([a, sign, number]) => `${a} ${sign} ${number}`),
  attribute.map((name) => `has(${name})`),
);
const condition = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { depthSize: "small" },
    test,
    tie("text").map((one) => `!(${one})`),
    fc.tuple(tie("text"), fc.constantFrom("&&", "||"), tie("text")).map(([a, sign, b]) => `(${a}) ${sign} (${b})`),
  ),
})).text;

it("says of nothing that it is always true which is not", () => {
  let claims = 0;
  fc.assert(
    fc.property(condition, (text) => {
      const { expression, diagnostics } = checked(text);
      for (const { code, message, span } of diagnostics) {
        if (code !== "SL0513" || expression === undefined) continue;
        claims++;
        const part = checked(text.slice(span.start, span.end)).expression ?? expression;
        for (const environment of environments)
          expect(`${message}: ${evaluate(part.tree, environment)}`).toContain(
            `always ${evaluate(part.tree, environment)},`,
          );
      }
    }),
    { numRuns: 3_000 },
  );
  expect(claims).toBeGreaterThan(100);
});

it("marks a chain with the parentheses inside it", () => {
  const part = '((!has(request.method) || has(request.method)) || request.path == "/")';
  const { diagnostics } = checked(`${part} && request.path != "/a"`);
  const marked = diagnostics.filter(({ code }) => code === "SL0513").map(({ span }) => span);
  expect(marked).toContainEqual(expect.objectContaining({ start: 0, end: part.length }));
});

it("says of no test that it is in vain which some request passes", () => {
  let claims = 0;
  fc.assert(
    fc.property(test, (text) => {
      const { expression, diagnostics } = checked(text);
      const whole = diagnostics.filter(({ code }) => code === "SL0529").length;
      const isList = text.includes(" in [");
      if (expression === undefined || whole === 0 || (isList && whole < 2)) return;
      claims++;
      const isNegated = text.includes(" != ");
      for (const environment of environments)
        expect([isNegated, undefined]).toContain(evaluate(expression.tree, environment));
    }),
    { numRuns: 3_000 },
  );
  expect(claims).toBeGreaterThan(100);
});

it("knows every header that is removed from requests", () => {
  const policy = {
    apiVersion: "sluice/v1",
    kind: "Gateway",
    name: "shop",
    listeners: { public: { address: "127.0.0.1:8080" } },
    routes: [{ name: "a", match: { path: "/a" }, respond: { status: 200 } }],
  };
  const owned = checkText("policy.yaml", JSON.stringify(policy)).plan?.ownedRequestHeaders ?? [];
  expect(owned.length).toBeGreaterThan(0);
  for (const name of owned)
    expect(findingsOf(`request.headers["${name}"] == "a"`)).toEqual([
      expect.stringContaining("it is removed from what clients send"),
    ]);
});
