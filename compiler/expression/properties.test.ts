import { Environment as Cel } from "@marcbachmann/cel-js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { typed } from "../../test/support/typed.js";
import { SourceFile } from "../syntax/source.js";
import { type Environment, evaluate } from "./evaluate.js";
import { checkExpressionAt } from "./expression.js";
import { fold } from "./fold.js";
import { type JsonPredicate, lower } from "./lower.js";
import { canBeTrue } from "./satisfy.js";

// A small pool, so that random expressions and random requests meet.
const word = fc.constantFrom("", "a", "b", "ab", "abc", "ä", "b😀");
const literal = word.map((text) => JSON.stringify(text));
const stringAttribute = fc.constantFrom(
  "request.method",
  "request.path",
  "request.host",
  'request.headers["x-a"]',
  "request.headers['X-B']",
  "source.ip",
  "auth.consumer",
  "auth.tier",
);
const string = fc.oneof({ weight: 3, arbitrary: stringAttribute }, { weight: 2, arbitrary: literal });
const list = fc.oneof(
  fc.constant("auth.groups"),
  fc.array(literal, { maxLength: 3 }).map((items) => `[${items.join(", ")}]`),
);

const { bool } = fc.letrec<{ bool: string; operand: string }>((tie) => ({
  bool: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom("true", "false"),
    fc.tuple(string, fc.constantFrom("==", "!="), string).map((parts) => parts.join(" ")),
    fc.tuple(string, list).map((parts) => parts.join(" in ")),
    fc.tuple(string, string).map(([receiver, argument]) => `${receiver}.startsWith(${argument})`),
    fc.tuple(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -2, max: 2 })).map((sides) => sides.join("==")),
    tie("operand").map((operand) => `!${operand}`),
    fc.tuple(tie("operand"), fc.constantFrom("==", "!="), tie("operand")).map((parts) => parts.join(" ")),
    fc
      .tuple(fc.constantFrom(" && ", " || "), fc.array(tie("operand"), { minLength: 2, maxLength: 4 }))
      .map(([operator, operands]) => operands.join(operator)),
  ),
  operand: tie("bool").map((text) => `(${text})`),
}));

const present = fc.record({
  request: fc.record({
    method: word,
    path: word,
    host: word,
    headers: fc.tuple(word, word).map(([a, b]) => ({ "x-a": a, "X-B": b, "x-b": b })),
  }),
  source: fc.record({ ip: word }),
  auth: fc.record({ consumer: word, tier: word, groups: fc.array(word, { maxLength: 3 }) }),
});

/** What one request knows: a table by name, or by name and header. */
function environmentOf(request: typeof present extends fc.Arbitrary<infer T> ? T : never): Environment {
  const values = new Map<string, string | readonly string[]>([
    ["request.method", request.request.method],
    ["request.path", request.request.path],
    ["request.host", request.request.host],
    ["request.headers x-a", request.request.headers["x-a"]],
    ["request.headers x-b", request.request.headers["x-b"]],
    ["source.ip", request.source.ip],
    ["auth.consumer", request.auth.consumer],
    ["auth.tier", request.auth.tier],
    ["auth.groups", request.auth.groups],
  ]);
  return (name, argument) => values.get(argument === undefined ? name : `${name} ${argument}`);
}

/** As `environmentOf`, with some attributes missing; bit n of `gaps` takes the nth name away. */
function withGaps(environment: Environment, gaps: number): Environment {
  const names = ["request.path", "request.headers", "auth.tier", "auth.groups", "auth.consumer", "source.ip"];
  return (name, argument) =>
    (gaps >> names.indexOf(name)) & 1 && names.includes(name) ? undefined : environment(name, argument);
}

/** The predicate form, interpreted after the words of filters/modules/README.md and nothing else. */
function interpret(form: JsonPredicate, environment: Environment): unknown {
  if (!Array.isArray(form)) return form;
  const [operation, ...rest] = form;
  if (operation === "get") return environment(String(rest[0]), rest[1] === undefined ? undefined : String(rest[1]));
  const values = rest.map((operand) => interpret(operand, environment));
  const [a, b] = values;
  switch (operation) {
    case "list":
      return values;
    case "!":
      return a === undefined ? undefined : !a;
    case "&&":
      return values.includes(false) ? false : values.includes(undefined) ? undefined : true;
    case "||":
      return values.includes(true) ? true : values.includes(undefined) ? undefined : false;
  }
  if (a === undefined || b === undefined) return undefined;
  switch (operation) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "in":
      return Array.isArray(b) ? b.includes(a) : undefined;
    case "startsWith":
      return String(a).startsWith(String(b));
    default:
      throw new Error(`no operation of the form: ${JSON.stringify(operation)}`);
  }
}

describe("any well-typed expression", () => {
  it("has one value: as written, folded, and lowered, whatever is missing", () => {
    fc.assert(
      fc.property(bool, present, fc.nat({ max: 63 }), (text, request, gaps) => {
        const environment = withGaps(environmentOf(request), gaps);
        const tree = typed(text);
        const value = evaluate(tree, environment);
        const folded = fold(tree).tree;
        expect(evaluate(folded, environment)).toBe(value);
        expect(interpret(lower(folded), environment)).toBe(value);
      }),
      { numRuns: 2_000 },
    );
  });

  it("has the value that CEL gives it, when nothing is missing", () => {
    const cel = new Cel({ unlistedVariablesAreDyn: true });
    fc.assert(
      fc.property(bool, present, (text, request) => {
        expect(evaluate(typed(text), environmentOf(request))).toBe(cel.evaluate(text, request));
      }),
      { numRuns: 2_000 },
    );
  });

  it("is never true if it was found that it cannot be", () => {
    const conjunction = fc
      .array(bool, { minLength: 2, maxLength: 5 })
      .map((parts) => parts.map((part) => `(${part})`).join(" && "));
    let impossible = 0;
    fc.assert(
      fc.property(conjunction, present, (text, request) => {
        const { tree } = fold(typed(text));
        if (tree.kind === "constant" || canBeTrue(tree)) return;
        impossible += 1;
        expect(evaluate(tree, environmentOf(request))).not.toBe(true);
      }),
      { numRuns: 2_000 },
    );
    expect(impossible).toBeGreaterThan(0);
  });

  it("is accepted, marks only places of its own text, and always lowers to the same form", () => {
    fc.assert(
      fc.property(bool, (text) => {
        const source = new SourceFile("p.yaml", `>${text}`);
        const place = { span: { source, start: 0, end: text.length + 1 }, map: (index: number) => index + 1 };
        const { expression, diagnostics } = checkExpressionAt(text, place, "bool");
        expect(diagnostics.every(({ severity, span }) => severity === "warning" && span.start < span.end)).toBe(true);
        expect(checkExpressionAt(text, place, "bool").expression?.lower()).toEqual(expression?.lower());
        for (const { name, span } of expression?.attributes ?? [])
          expect(source.text.slice(span.start, span.end)).toContain(name);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a hostile text", () => {
  const codes = (text: string) => {
    const source = new SourceFile("p.yaml", text);
    const place = { span: { source, start: 0, end: text.length }, map: (index: number) => index };
    return checkExpressionAt(text, place, "bool").diagnostics.map(({ code }) => code);
  };

  it.each([
    ["100,000 parentheses", `${"(".repeat(100_000)}true${")".repeat(100_000)}`],
    ["30,000 parentheses", `${"(".repeat(30_000)}true${")".repeat(30_000)}`],
    ["30,000 opening parentheses", "(".repeat(30_000)],
    ["65,000 times not", `${"!".repeat(65_000)}true`],
    ["5,000 times not", `${"!".repeat(5_000)}true`],
    ["65,000 minus signs", `${"-".repeat(65_000)}1`],
    ["nested lists", `${"[".repeat(30_000)}${"]".repeat(30_000)}`],
    ["nested indexes", `${"a[".repeat(20_000)}`],
    ["nested conditionals", "a?".repeat(30_000)],
    ["a long path", `a${".a".repeat(30_000)}`],
    ["a long chain of or", Array.from({ length: 16_000 }, () => "a").join("||")],
    ["a long chain of equals", Array.from({ length: 1_000 }, () => "a").join("==")],
    ["a long list", `"a" in [${'"a",'.repeat(15_000)}]`],
    ["too many characters", `"${"x".repeat(65_536)}" == "a"`],
  ])("of %s is too large", (_, text) => {
    expect(codes(text)).toEqual(["SL0503"]);
  });

  it("of many large patterns is refused once they have cost too much", () => {
    const text = Array.from({ length: 300 }, (_, i) => `auth.tier.matches("(a|b)*a(a|b){${20 + i}}")`).join(" || ");
    const source = new SourceFile("p.yaml", text);
    const place = { span: { source, start: 0, end: text.length }, map: (index: number) => index };
    const reasons = new Set(checkExpressionAt(text, place, "bool").diagnostics.map(({ message }) => message));
    expect([...reasons]).toEqual([
      "the regular expression is too large: it takes too many states to be looked for in one pass",
      "the regular expression is too large: those of the file before it have cost too much already",
    ]);
  });

  it("may be as large as the limits allow", () => {
    const chain = Array.from({ length: 390 }, (_, i) => `auth.tier=="${i}"`).join("||");
    const members = `auth.tier in [${Array.from({ length: 1_990 }, (_, i) => `"${i}"`).join(",")}]`;
    const deep = `${"!(auth.tier == 'a' && ".repeat(14)}true${")".repeat(14)}`;
    for (const text of [chain, members, deep]) expect(codes(text)).toEqual([]);
  });

  it("never crashes the check, and always has a reason to be refused", () => {
    const token = fc.constantFrom(
      ..."( ) [ ] { } . , ? : ! - + * / % < > = == != && || & | in true null 1 0x 1e 9u 'a' \"b\" b'c' r'\\' \\ \n // a auth.tier request.headers startsWith( has( .all(x, x) `x` ä 😀 \u0000 if __proto__ constructor".split(
        " ",
      ),
    );
    const soup = fc.array(token, { maxLength: 12 }).map((tokens) => tokens.join(""));
    const spaced = fc.array(token, { maxLength: 12 }).map((tokens) => tokens.join(" "));
    fc.assert(
      fc.property(fc.oneof(soup, spaced, fc.string({ unit: "binary", maxLength: 40 })), (text) => {
        const source = new SourceFile("p.yaml", text);
        const place = { span: { source, start: 0, end: text.length }, map: (index: number) => index };
        const { expression, diagnostics } = checkExpressionAt(text, place, "bool");
        expect(expression === undefined).toBe(diagnostics.some(({ severity }) => severity === "error"));
        for (const { span } of diagnostics) expect(span.start < span.end || text === "").toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });
});
