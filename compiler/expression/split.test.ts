import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { typed } from "../../test/support/typed.js";
import { type Environment, evaluate } from "./evaluate.js";
import { fold } from "./fold.js";
import type { JsonPredicate } from "./lower.js";
import { type Split, splitByAnswer } from "./split.js";

function splitOf(text: string): Split {
  const split = splitByAnswer(fold(typed(text)).tree);
  if ("mixed" in split) throw new Error(`${text} is mixed: ${JSON.stringify(split.mixed)}`);
  return split;
}

/** The parts of a text that look at both. */
function mixedIn(text: string): string[] {
  const split = splitByAnswer(fold(typed(text)).tree);
  return "mixed" in split ? split.mixed.map(({ start, end }) => text.slice(start, end)) : [];
}

const METHOD = ["==", ["get", "request.method"], "GET"];
const FAILED = [">=", ["get", "response.status"], 500];

describe("an expression over request and answer", () => {
  it.each<[string, Split]>([
    ['request.method == "GET"', { noted: [METHOD], when: ["noted", 0] }],
    ["response.status >= 500", { noted: [], when: FAILED }],
    ['request.method == "GET" && response.status >= 500', { noted: [METHOD], when: ["&&", ["noted", 0], FAILED] }],
    [
      '!(request.method == "GET") || response.status >= 500',
      { noted: [["!", METHOD]], when: ["||", ["noted", 0], FAILED] },
    ],
    [
      'response.status >= 500 && request.method == "GET" && has(auth.tier)',
      { noted: [["&&", METHOD, ["has", ["get", "auth.tier"]]]], when: ["&&", ["noted", 0], FAILED] },
    ],
    [
      '(request.method == "GET" && response.status >= 500) || (response.status == 404 && request.method == "GET")',
      {
        noted: [METHOD],
        when: ["||", ["&&", ["noted", 0], FAILED], ["&&", ["noted", 0], ["==", ["get", "response.status"], 404]]],
      },
    ],
    [
      'response.status >= (request.method == "GET" ? 400 : 500)',
      { noted: [METHOD], when: [">=", ["get", "response.status"], ["?:", ["noted", 0], 400, 500]] },
    ],
    [
      'response.duration > duration("1s") ? has(auth.tier) : response.status >= 500',
      {
        noted: [["has", ["get", "auth.tier"]]],
        when: ["?:", [">", ["get", "response.duration"], 1000], ["noted", 0], FAILED],
      },
    ],
  ])("%s", (text, split) => {
    expect(splitOf(text)).toEqual(split);
  });

  it.each<[string, string[]]>([
    ['response.headers["x-a"] == request.path', ['response.headers["x-a"] == request.path']],
    [
      "has(auth.tier) && (size(request.path) > response.status || request.size == response.status)",
      ["size(request.path) > response.status", "request.size == response.status"],
    ],
  ])("is mixed in %s", (text, parts) => {
    expect(mixedIn(text)).toEqual(parts);
  });
});

const VALUES = { "request.method": ["GET", "PUT"], "auth.tier": ["gold", "free"] } as const;
const STATUSES = [200, 404, 500] as const;

const early = fc.oneof(
  fc.constantFrom("has(auth.tier)", 'auth.tier == "gold"', 'request.method == "GET"', 'request.method in ["PUT"]'),
);
const late = fc.oneof(
  fc.constantFrom("response.status >= 500", 'response.duration > duration("1s")', 'response.headers["x-a"] == "b"'),
  early.map((condition) => `response.status == (${condition} ? 200 : 500)`),
  early.map((condition) => `(${condition}) == (response.status == 404)`),
);
const { whole } = fc.letrec<{ whole: string }>((tie) => ({
  whole: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    early,
    late,
    tie("whole").map((operand) => `!(${operand})`),
    fc.tuple(tie("whole"), tie("whole"), tie("whole")).map(([when, yes, no]) => `((${when}) ? (${yes}) : (${no}))`),
    fc
      .tuple(fc.constantFrom(" && ", " || "), fc.array(tie("whole"), { minLength: 2, maxLength: 4 }))
      .map(([sign, operands]) => operands.map((operand) => `(${operand})`).join(sign)),
  ),
}));

const known = fc.record({
  "request.method": fc.constantFrom(...VALUES["request.method"]),
  "auth.tier": fc.option(fc.constantFrom(...VALUES["auth.tier"]), { nil: undefined }),
  "response.status": fc.constantFrom(...STATUSES),
  "response.duration": fc.option(fc.constantFrom(10, 2_000), { nil: undefined }),
  "response.headers": fc.option(fc.constantFrom("a", "b"), { nil: undefined }),
});

it("is true, false or unknown as a whole just as in its parts, whatever is missing", () => {
  fc.assert(
    fc.property(whole, known, (text, values) => {
      const environment: Environment = (name) => new Map(Object.entries(values)).get(name);
      const tree = fold(typed(text)).tree;
      const { noted, when } = splitOf(text);
      const found = noted.map((condition) => interpret(condition, environment, []));
      for (const condition of noted) expect(JSON.stringify(condition)).not.toContain("response.");
      expect(JSON.stringify(when)).not.toMatch(/request\.|auth\./);
      expect(interpret(when, environment, found)).toBe(evaluate(tree, environment));
    }),
    { numRuns: 2_000 },
  );
});

/** The forms that these expressions become, by the words of filters/modules/README.md. */
function interpret(form: JsonPredicate, environment: Environment, noted: readonly unknown[]): unknown {
  if (!Array.isArray(form)) return form;
  const [operation, first = false, ...rest] = form;
  if (operation === "noted") return noted[Number(first)];
  if (operation === "get") return environment(String(first), undefined);
  if (operation === "has") return interpret(first, environment, noted) !== undefined;
  const values = [first, ...rest].map((operand) => interpret(operand, environment, noted));
  const [a, b, c] = values;
  switch (operation) {
    case "list":
      return values;
    case "!":
      return a === undefined ? undefined : !a;
    case "&&":
      return values.includes(false) ? false : values.includes(undefined) ? undefined : true;
    case "||":
      return values.includes(true) ? true : values.includes(undefined) ? undefined : false;
    case "?:":
      return a === undefined ? undefined : a === true ? b : c;
  }
  if (a === undefined || b === undefined) return undefined;
  switch (operation) {
    case "==":
      return a === b;
    case "in":
      return Array.isArray(b) && b.includes(a);
    case ">=":
      return Number(a) >= Number(b);
    case ">":
      return Number(a) > Number(b);
    default:
      throw new Error(`no operation of the form: ${JSON.stringify(operation)}`);
  }
}
