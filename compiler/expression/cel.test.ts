import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { celValue } from "../../test/support/cel.js";
import { environmentOf, randomExpression, randomRequest } from "../../test/support/random-expressions.js";
import { typed } from "../../test/support/typed.js";
import { SourceFile } from "../syntax/source.js";
import { evaluate } from "./evaluate.js";
import { checkExpressionAt } from "./expression.js";
import { fold } from "./fold.js";
import { canBeTrue } from "./satisfy.js";

describe("CEL, as a public implementation has it,", () => {
  it("gives every well-typed expression the value that the language gives it, and an error where that is unknown", () => {
    const seen = new Set<unknown>();
    fc.assert(
      fc.property(
        randomExpression.bool,
        fc.array(randomRequest, { minLength: 3, maxLength: 3 }),
        (sample, requests) => {
          const tree = typed(sample.text);
          for (const environment of requests.map(environmentOf)) {
            const value = evaluate(tree, environment);
            seen.add(value);
            expect([sample.text, value]).toEqual([sample.text, celValue(sample.cel, environment)]);
          }
        },
      ),
      { numRuns: 1_500 },
    );
    expect(seen).toEqual(new Set([true, false, undefined]));
  });
});

describe("any well-typed expression", () => {
  const { bool, string, int } = randomExpression;

  it("has the same value after folding", () => {
    fc.assert(
      fc.property(fc.oneof(bool, string, int), randomRequest, ({ text }, request) => {
        const tree = typed(text);
        const environment = environmentOf(request);
        expect(evaluate(fold(tree).tree, environment)).toBe(evaluate(tree, environment));
      }),
      { numRuns: 1_500 },
    );
  });

  it("is never true if it was found that it cannot be", () => {
    let impossible = 0;
    const conjunction = fc
      .array(bool, { minLength: 2, maxLength: 4 })
      .map((parts) => parts.map(({ text }) => `(${text})`).join(" && "));
    fc.assert(
      fc.property(conjunction, fc.array(randomRequest, { minLength: 5, maxLength: 5 }), (text, requests) => {
        const { tree } = fold(typed(text));
        if (tree.kind === "constant" || canBeTrue(tree)) return;
        impossible += 1;
        for (const request of requests) expect(evaluate(tree, environmentOf(request))).not.toBe(true);
      }),
      { numRuns: 1_000 },
    );
    expect(impossible).toBeGreaterThan(0);
  });

  it("is accepted with warnings at most, and lowers to JSON that stays as it is", () => {
    fc.assert(
      fc.property(bool, ({ text }) => {
        const source = new SourceFile("p.yaml", text);
        const place = { span: { source, start: 0, end: text.length }, map: (index: number) => index };
        const { expression, diagnostics } = checkExpressionAt(text, place, "bool");
        expect(diagnostics.filter(({ severity }) => severity !== "warning")).toEqual([]);
        const form = expression?.lower();
        expect(JSON.parse(JSON.stringify(form))).toEqual(form);
      }),
      { numRuns: 1_000 },
    );
  });
});
