import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderText } from "../diagnostics/render/text.js";
import { SourceFile } from "../syntax/source.js";
import { type Environment, evaluate } from "./evaluate.js";
import { checkExpressionAt, type Expression } from "./expression.js";
import { canFire, comparisonsIn, knowing, type Rule } from "./reach.js";

function expressionOf(text: string): Expression {
  const span = { source: new SourceFile("policy.yaml", text), start: 0, end: text.length };
  const { expression, diagnostics } = checkExpressionAt(text, { span, map: (index) => index }, "bool");
  if (expression === undefined) throw new Error(renderText(diagnostics, { color: false }));
  return expression;
}

const allow = (text: string): Rule => ({ effect: "allow", expression: expressionOf(text) });
const deny = (text: string): Rule => ({ effect: "deny", expression: expressionOf(text) });
const reaches = (late: Rule, ...earlier: Rule[]) => canFire(late, earlier, { steps: 100_000 });

describe("canFire", () => {
  it("sees a rule that lies within an earlier one", () => {
    expect(reaches(allow('request.method == "GET"'), allow('request.method in ["GET", "HEAD"]'))).toBe(false);
    expect(reaches(allow('request.method in ["GET", "PUT"]'), allow('request.method in ["GET", "HEAD"]'))).toBe(true);
    expect(reaches(allow('request.path.startsWith("/a/b")'), allow('request.path.startsWith("/a")'))).toBe(false);
    expect(reaches(allow('request.path.startsWith("/a")'), allow('request.path.startsWith("/a/b")'))).toBe(true);
    expect(reaches(deny('"a" in auth.groups && "b" in auth.groups'), deny('"b" in auth.groups'))).toBe(false);
  });

  it("knows that a denial fires on what cannot be known, and a permission does not", () => {
    const a = 'request.headers["x-a"] == "1"';
    const notA = 'request.headers["x-a"] != "1"';
    expect(reaches(deny(a), allow(a))).toBe(true);
    expect(reaches(allow(a), deny(a))).toBe(false);
    expect(reaches(allow("true"), allow(a), allow(notA))).toBe(true);
    expect(reaches(allow("true"), deny(a), allow(notA))).toBe(false);
  });

  it("sees that rules together leave nothing", () => {
    const inner = allow('request.path == "/x"');
    expect(reaches(inner, deny('request.method == "GET"'), deny('!(request.method == "GET")'))).toBe(false);
    expect(reaches(inner, deny('request.method == "GET"'), deny('request.method == "PUT"'))).toBe(true);
  });

  it("takes a condition that it does not understand for the same only if it is the same text", () => {
    expect(reaches(allow('request.path.endsWith("/x")'), allow('request.path.endsWith("/x")'))).toBe(false);
    expect(reaches(allow('request.path.endsWith("/x")'), allow('request.path.endsWith("x")'))).toBe(true);
  });

  it("says what holds where no rule fires", () => {
    const otherwise: Rule = { effect: "deny", expression: undefined };
    expect(reaches(otherwise, allow('request.method == "GET"'))).toBe(true);
    expect(reaches(otherwise, allow("true"))).toBe(false);
  });

  it("claims nothing that it has no steps left to show, and does not look for it again and again", () => {
    const budget = { steps: 3 };
    const ask = () => canFire(allow('request.method == "GET"'), [allow('request.method == "GET"')], budget);
    expect([ask(), ask(), ask(), ask()]).toEqual([true, true, true, true]);
    expect(budget.steps).toBe(0);
  });
});

describe("canFire where attributes are known", () => {
  const known = new Set(["auth.consumer", "request.method"]);
  const reachesKnown = (late: Rule, ...earlier: Rule[]) => {
    const [rule, ...others] = knowing([late, ...earlier], known);
    return rule !== undefined && canFire(rule, others, { steps: 100_000 }, known);
  };

  it("takes them for there, and for nothing but their values", () => {
    const denied = deny('!("a" in auth.groups)');
    expect(reachesKnown(denied, allow("has(auth.consumer)"))).toBe(false);
    expect(reachesKnown(denied, allow("has(auth.tier)"))).toBe(true);
    expect(reachesKnown(deny('request.method == "a"'), allow('request.method == "a"'))).toBe(false);
    expect(reachesKnown(deny('request.host == "a"'), allow('request.host == "a"'))).toBe(true);
    expect(reachesKnown(deny("!has(auth.consumer)"))).toBe(false);
    expect(reachesKnown(denied, allow('request.method.contains("")'))).toBe(false);
  });
});

describe("comparisonsIn", () => {
  it("gives names and where they stand, whichever way round", () => {
    const { tree, text } = expressionOf(
      '"a" in auth.groups || !("b" == auth.tier) && request.headers["x"] in ["c", "d"]',
    );
    expect(
      comparisonsIn(tree).map(({ attribute, constants, at }) => [attribute, constants, text.slice(at.start, at.end)]),
    ).toEqual([
      ["auth.groups", ["a"], '"a"'],
      ["auth.tier", ["b"], '"b"'],
      ["request.headers:x", ["c", "d"], '["c", "d"]'],
    ]);
  });
});

const leaf = fc.constantFrom(
  'request.method == "a"',
  'request.method != "ab"',
  '"abc" == request.method',
  'request.method in ["a", "b"]',
  'request.method.startsWith("a")',
  'request.method.startsWith("ab")',
  'request.method.endsWith("b")',
  "request.method == request.host",
  'request.host == "a"',
  '"a" in auth.groups',
  '"b" in auth.groups',
  "has(auth.tier)",
  'auth.tier == "a"',
);
const { text } = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    tie("text").map((one) => `!(${one})`),
    fc.tuple(tie("text"), tie("text")).map(([a, b]) => `(${a}) && (${b})`),
    fc.tuple(tie("text"), tie("text")).map(([a, b]) => `(${a}) || (${b})`),
    fc.tuple(tie("text"), tie("text"), tie("text")).map(([a, b, c]) => `(${a}) ? (${b}) : (${c})`),
  ),
}));
const rule = fc
  .record({ effect: fc.constantFrom("allow" as const, "deny" as const), text })
  .map((one): Rule => ({ effect: one.effect, expression: expressionOf(one.text) }));
const word = fc.option(fc.constantFrom("a", "ab", "abc", "b", "c", ""), { nil: undefined });
const request = fc
  .record({
    "request.method": word,
    "request.host": word,
    "auth.tier": word,
    "auth.groups": fc.option(fc.subarray(["a", "b", "c"]), { nil: undefined }),
  })
  .map((values): Environment => {
    const known = new Map<string, string | string[] | undefined>(Object.entries(values));
    return (name) => known.get(name);
  });

function fires({ effect, expression }: Rule, environment: Environment): boolean {
  if (expression === undefined) return true;
  const value = evaluate(expression.tree, environment);
  return effect === "allow" ? value === true : value !== false;
}

it("never says of a rule that fires that it cannot", () => {
  let claims = 0;
  fc.assert(
    fc.property(rule, fc.array(rule, { minLength: 1, maxLength: 2 }), fc.array(request), (late, earlier, requests) => {
      if (canFire(late, earlier, { steps: 2_000 })) return;
      claims++;
      for (const one of requests) expect(fires(late, one) && !earlier.some((first) => fires(first, one))).toBe(false);
    }),
    { numRuns: 500 },
  );
  expect(claims).toBeGreaterThan(0);
});

it("nor of one that fires where some attributes are always known", () => {
  const known = new Set(["request.method", "auth.groups"]);
  const usual: Record<string, string | string[]> = { "request.method": "a", "auth.groups": ["a"] };
  let claims = 0;
  fc.assert(
    fc.property(rule, fc.array(rule, { minLength: 1, maxLength: 2 }), fc.array(request), (late, earlier, requests) => {
      const [one = late, ...others] = knowing([late, ...earlier], known);
      if (canFire(one, others, { steps: 2_000 }, known)) return;
      claims++;
      for (const some of requests) {
        const whole: Environment = (name, argument) => some(name, argument) ?? usual[name];
        expect(fires(late, whole) && !earlier.some((first) => fires(first, whole))).toBe(false);
      }
    }),
    { numRuns: 500 },
  );
  expect(claims).toBeGreaterThan(0);
});
