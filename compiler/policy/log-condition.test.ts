import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate } from "../expression/evaluate.js";
import { checkExpressionAt } from "../expression/expression.js";
import type { LogCondition } from "../plan/access-log.js";
import { SourceFile } from "../syntax/source.js";
import { logCondition } from "./log-condition.js";

interface Done {
  status: number;
  duration: number;
  method: string;
  /** Value of `x-a`; absent if the request has none. */
  header?: string;
}

function treeOf(text: string) {
  const place = {
    span: { source: new SourceFile("policy.yaml", text), start: 0, end: text.length },
    map: (at: number) => at,
  };
  const { expression } = checkExpressionAt(text, place, "bool", "response");
  return expression?.tree;
}

/** The result for an expression, which must be one. */
function saidOf(text: string): ReturnType<typeof logCondition> {
  const tree = treeOf(text);
  if (tree === undefined) throw new Error(`${text} is no expression`);
  return logCondition(tree);
}

/** What Envoy's filters do, as test/e2e/access-log.test.ts sees it. */
function holds(condition: LogCondition, done: Done): boolean {
  switch (condition.test) {
    case "status":
    case "duration": {
      const { compare, value } = condition;
      const number = condition.test === "status" ? done.status : done.duration;
      return { eq: number === value, ne: number !== value, ge: number >= value, le: number <= value }[compare];
    }
    case "present":
      return (headerValue(condition.name, done) !== undefined) === condition.present;
    case "header": {
      const { name, form, value, not } = condition;
      const there = headerValue(name, done);
      if (there === undefined) return false;
      const matches = {
        exact: there === value,
        prefix: there.startsWith(value),
        suffix: there.endsWith(value),
        contains: there.includes(value),
      };
      return matches[form] !== not;
    }
    case "all":
      return condition.of.every((one) => holds(one, done));
    case "any":
      return condition.of.some((one) => holds(one, done));
  }
}

function headerValue(name: string, { method, header }: Done): string | undefined {
  return name === ":method" ? method : header;
}

const NUMBERS = fc.constantFrom("1", "200", "404", "500");
const TEXTS = fc.constantFrom('"a"', '"ab"', '"GET"');
const COMPARISONS = fc.constantFrom("==", "!=", "<", "<=", ">", ">=");

const leaf = fc.oneof(
  fc.tuple(COMPARISONS, NUMBERS).map(([compare, number]) => `response.status ${compare} ${number}`),
  fc.tuple(COMPARISONS, NUMBERS).map(([compare, number]) => `${number} ${compare} response.status`),
  fc.tuple(COMPARISONS, NUMBERS).map(([compare, number]) => `response.duration ${compare} duration("${number}ms")`),
  fc.tuple(NUMBERS, NUMBERS).map((numbers) => `response.status in [${numbers.join(", ")}]`),
  fc
    .tuple(fc.constantFrom("request.method", 'request.headers["x-a"]'), fc.constantFrom("==", "!="), TEXTS)
    .map((parts) => parts.join(" ")),
  fc
    .tuple(fc.constantFrom("startsWith", "endsWith", "contains"), TEXTS)
    .map(([form, text]) => `request.headers["x-a"].${form}(${text})`),
  fc.tuple(TEXTS, TEXTS).map((texts) => `request.headers["x-a"] in [${texts.join(", ")}]`),
  fc.constant('has(request.headers["x-a"])'),
);

const { expressions } = fc.letrec<{ expressions: string }>((tie) => ({
  expressions: fc.oneof(
    { maxDepth: 4 },
    leaf,
    tie("expressions").map((inner) => `!(${inner})`),
    fc
      .tuple(tie("expressions"), fc.constantFrom("&&", "||"), tie("expressions"))
      .map(([left, joint, right]) => `(${left}) ${joint} (${right})`),
  ),
}));

const requests: fc.Arbitrary<Done> = fc.record(
  {
    status: fc.constantFrom(0, 1, 200, 201, 404, 500, 503),
    duration: fc.constantFrom(0, 1, 2, 199, 200, 501),
    method: fc.constantFrom("GET", "POST"),
    header: fc.constantFrom("", "a", "ab", "ba", "GET"),
  },
  { requiredKeys: ["status", "duration", "method"] },
);

describe("the condition of an access log", () => {
  it("holds where the expression is true, and not where it is false or unknown", () => {
    fc.assert(
      fc.property(expressions, fc.array(requests, { minLength: 8, maxLength: 8 }), (text, all) => {
        const tree = treeOf(text);
        // One that is always true or false is told, or folded to a constant, which no filter says.
        if (tree === undefined || tree.kind === "constant") return;
        const result = logCondition(tree);
        if ("unsayable" in result) return;
        for (const done of all) {
          const value = evaluate(tree, (name) => {
            if (name === "response.status") return done.status;
            if (name === "response.duration") return done.duration;
            return name === "request.method" ? done.method : done.header;
          });
          expect([text, done, holds(result.condition, done)]).toEqual([text, done, value === true]);
        }
      }),
      { numRuns: 400 },
    );
  });

  it("has no `<` and no `!` left", () => {
    expect(saidOf("!(response.status >= 500 && response.status < 600)")).toEqual({
      condition: {
        test: "any",
        of: [
          { test: "status", compare: "le", value: 499 },
          { test: "status", compare: "ge", value: 600 },
        ],
      },
    });
  });

  it("names every part that cannot be said", () => {
    const text = 'auth.tier == "gold" || response.status == 500 || !cidr(source.ip, "10.0.0.0/8")';
    const result = saidOf(text);
    const parts = "unsayable" in result ? result.unsayable.map(({ part }) => text.slice(part.start, part.end)) : [];
    expect(parts).toEqual(['auth.tier == "gold"', 'cidr(source.ip, "10.0.0.0/8")']);
  });
});
