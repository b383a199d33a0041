import * as fc from "fast-check";
import type { Value } from "../../compiler/syntax/document.js";
import type { GuardName } from "../support/module-schema.js";

// Random predicates, as modules read them.

type Grammar = Record<"condition" | "text" | "integer", Value>;

const NAMED = ["request.query", "request.cookies", "route.params"] as const;

export const get = (...path: string[]): Value => ["get", ...path];

/** Predicates, and attributes that are strings, over what the caller's module tells. */
export function predicates(texts: readonly string[], lists: readonly string[], claims: readonly string[] = []) {
  const attribute = fc.oneof(
    fc.constantFrom("request.method", "request.path", "source.ip", "route.name", ...texts).map((name) => get(name)),
    fc.constantFrom("x-a", "x_b.c", "cookie").map((name) => get("request.headers", name)),
    fc.tuple(fc.constantFrom(...NAMED), fc.constantFrom("id", "A~!", "%")).map(([name, key]) => get(name, key)),
    ...claims.map((path) => fc.constant(get("auth.claims", path))),
  );
  const number = fc.constantFrom("request.size", "request.time", "source.port").map((name) => get(name));
  const ofLists = [...lists.map((name) => get(name)), ...claims.map((path) => get("auth.claims[]", path))];
  return predicatesOver({ attribute, number, lists: ofLists, noted: [] });
}

interface Vocabulary {
  attribute: fc.Arbitrary<Value>;
  number: fc.Arbitrary<Value>;
  lists: readonly Value[];
  /** Other bools. */
  noted: readonly fc.Arbitrary<Value>[];
}

function predicatesOver({ attribute, number, lists, noted }: Vocabulary) {
  const ofLists = lists.map((list) => fc.constant(list));
  const constantTexts = fc.array(fc.constantFrom("a", "", "é"), { maxLength: 3 }).map((all): Value => ["list", ...all]);
  const constantIntegers = fc.array(fc.integer(), { maxLength: 3 }).map((all): Value => ["list", ...all]);
  const { condition, text, integer } = fc.letrec<Grammar>((tie) => {
    const condition = tie("condition");
    const text = tie("text");
    const integer = tie("integer");
    const form = (names: readonly string[], ...operands: fc.Arbitrary<Value>[]): fc.Arbitrary<Value> =>
      fc.tuple(fc.constantFrom(...names), ...operands).map((parts): Value => [...parts]);
    return {
      text: fc.oneof(
        { maxDepth: 3, depthIdentifier: "predicate" },
        fc.constantFrom<Value>("", "GET", "partners", "\u0000", "😀"),
        attribute,
        form(["lowerAscii"], text),
        form(["string"], fc.oneof(integer, condition)),
        form(["?:"], condition, text, text),
      ),
      integer: fc.oneof(
        { maxDepth: 3, depthIdentifier: "predicate" },
        fc.constantFrom<Value>(0, -1, Number.MAX_SAFE_INTEGER),
        number,
        form(["int"], text),
        form(["size"], fc.oneof(text, constantTexts, constantIntegers, ...ofLists)),
        form(["?:"], condition, integer, integer),
      ),
      condition: fc.oneof(
        { maxDepth: 3, depthIdentifier: "predicate" },
        fc.constantFrom<Value>(true, false),
        ...noted,
        form(["==", "!=", "<", ">="], text, text),
        form(["==", "<=", ">"], integer, integer),
        form(["==", "!="], condition, condition),
        form(["startsWith", "endsWith", "contains"], text, text),
        form(["in"], text, constantTexts),
        form(["in"], integer, constantIntegers),
        ...ofLists.map((list) => form(["in"], text, list)),
        form(["cidr"], text, fc.constantFrom<Value>("10.0.0.0/8", "::/0", "2001:db8::/32")),
        form(["has"], fc.oneof(attribute, number, ...ofLists)),
        form(["!"], condition),
        form(["&&", "||"], condition, condition),
        form(["&&"], condition, condition, condition),
        form(["?:"], condition, condition, condition),
      ),
    };
  });
  return { condition, attribute, value: fc.oneof(condition, text, integer) };
}

const CLAIMS = ["level", "realm_access roles"] as const;

export const CALLERS: Readonly<Record<GuardName, ReturnType<typeof predicates>>> = {
  guard: predicates(
    ["auth.consumer", "auth.tier", "auth.method", "auth.subject"],
    ["auth.groups", "auth.scopes"],
    CLAIMS,
  ),
  auth: predicates(
    ["auth.consumer", "auth.tier", "auth.method", "auth.issuer"],
    ["auth.groups", "auth.scopes"],
    CLAIMS,
  ),
  "rate-limit": predicates(["auth.consumer", "auth.tier"], ["auth.groups"]),
  tracing: predicates(["auth.consumer", "auth.tier"], ["auth.groups"]),
};

/** What is told of a request, and decides nothing. */
export const told = predicates(["auth.consumer", "auth.tier", "soap.operation"], ["auth.groups"]);

/** What is asked when an answer is over, after `count` conditions were noted. */
export const tail = (count: number) =>
  predicatesOver({
    attribute: fc.constantFrom("x-a", "content-type").map((name) => get("response.headers", name)),
    number: fc.constantFrom("response.status", "response.duration").map((name) => get(name)),
    lists: [],
    noted: count === 0 ? [] : [fc.nat(count - 1).map((index): Value => ["noted", index])],
  }).condition;
export const early = predicates([], []);
