import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { type Environment, evaluate } from "../../compiler/expression/evaluate.js";
import { fold } from "../../compiler/expression/fold.js";
import { lower } from "../../compiler/expression/lower.js";
import type { Typed, Value } from "../../compiler/expression/tree.js";
import { type CompiledModule, loadModule, ModuleVm, type Request } from "../../test/support/module-host.js";
import { configurationOf, partnersOnly } from "../../test/support/module-policies.js";
import { typed } from "../../test/support/typed.js";

// The compiler has a meaning for every expression (compiler/expression/evaluate.ts), the module another implementation of it over bytes.
// Whatever the expression and the request, both must find the same: true, false or unknown.

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

// ---- expressions: a small pool of words, so that they and the requests meet. Some are longer than a word of eight bytes, some are prefixes.

const LONG = "abcdefgh";
const WORDS = [
  "",
  "a",
  "b",
  "ab",
  "A",
  "ä",
  "b😀",
  LONG,
  `${LONG}i`,
  `${LONG}ijklmnop`,
  "/",
  "/a",
  "gold",
  "partners",
  "eu",
];
const word = fc.constantFrom(...WORDS);
const literal = fc
  .oneof(
    { weight: 3, arbitrary: word },
    fc.constantFrom("a.test", "GET", "https", "192.0.2.1", "acme", "apiKey", "truth"),
  )
  .map((text) => JSON.stringify(text));
const attribute = fc.constantFrom(
  ...["method", "path", "host", "scheme"].map((name) => `request.${name}`),
  ...["x-a", "X-B", "x-absent", "x-a-name-of-more-than-two-words"].map((name) => `request.headers["${name}"]`),
  ...["auth.consumer", "auth.tier", "auth.method", "source.ip", "route.name"],
);
const string = fc.oneof({ weight: 3, arbitrary: attribute }, { weight: 2, arbitrary: literal });
const list = fc.oneof(
  fc.constantFrom("auth.groups", "[]"),
  fc.array(literal, { maxLength: 4 }).map((items) => `[${items.join(", ")}]`),
);
const integer = fc.constantFrom("0", "1", "-1", "9007199254740991", "-9007199254740991");

const { condition } = fc.letrec<{ condition: string; operand: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.constantFrom("true", "false"),
    fc.tuple(string, fc.constantFrom("==", "!="), string).map((parts) => parts.join(" ")),
    fc.tuple(string, list).map((parts) => parts.join(" in ")),
    fc.tuple(string, string).map(([receiver, argument]) => `${receiver}.startsWith(${argument})`),
    fc.tuple(integer, fc.constantFrom("==", "!="), integer).map((parts) => parts.join(" ")),
    tie("operand").map((operand) => `!${operand}`),
    fc.tuple(tie("operand"), fc.constantFrom("==", "!="), tie("operand")).map((parts) => parts.join(" ")),
    fc
      .tuple(fc.constantFrom(" && ", " || "), fc.array(tie("operand"), { minLength: 2, maxLength: 5 }))
      .map(([operator, operands]) => operands.join(operator)),
  ),
  operand: tie("condition").map((text) => `(${text})`),
}));

// ---- requests: what is sent, and what an expression may know of it. Undefined is missing, or sent more than once.

/** One source of an attribute, as it comes over the border and as expressions see it. */
interface Sent {
  readonly raw: readonly string[];
  readonly known: string | undefined;
}

const sentAs = (raw: string, known: string | undefined): Sent => ({ raw: [raw], known });
const absent: Sent = { raw: [], known: undefined };
const header: fc.Arbitrary<Sent> = fc.oneof(
  { weight: 4, arbitrary: word.map((text) => sentAs(text, text)) },
  { weight: 1, arbitrary: fc.constant(absent) },
  { weight: 1, arbitrary: fc.tuple(word, word).map((raw) => ({ raw, known: undefined })) },
);
const path = fc.constantFrom(
  absent,
  ...["/", "/a", "/a?b=/", "/?", "?"].map((text) => sentAs(text, text.split("?", 1)[0])),
);
const host = fc.constantFrom(
  absent,
  sentAs("a.test", "a.test"),
  sentAs("A.Test:80", "a.test"),
  sentAs("a", "a"),
  sentAs("a,b", undefined),
);
const source = fc.constantFrom(
  absent,
  sentAs("192.0.2.1:80", "192.0.2.1"),
  sentAs("[2001:db8::1]:443", "2001:db8::1"),
  sentAs("/run/a:1", undefined),
);

/** Callers by their key, as `test/support/module-policies.ts` declares them; without a key, nothing is known. */
const CALLERS = {
  "acme-key": { consumer: "acme", tier: "gold", groups: ["partners", "eu"] },
  "globex-key": { consumer: "globex", tier: undefined, groups: [] },
} as const;
const caller = fc.constantFrom("acme-key" as const, "globex-key" as const, undefined);

const request = fc.record({
  method: fc.constantFrom("GET", "a").map((text) => sentAs(text, text)),
  path,
  host,
  scheme: fc.constantFrom("http", "https").map((text) => sentAs(text, text)),
  a: header,
  b: header,
  long: header,
  source,
  caller,
});
type Sample = typeof request extends fc.Arbitrary<infer T> ? T : never;

/** UTF-8 as the host of the tests takes it: one character a byte. */
const bytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

function asRequest(sample: Sample, route: string): Request {
  const fields: [string, Sent][] = [
    [":method", sample.method],
    [":path", sample.path],
    [":authority", sample.host],
    ["x-forwarded-proto", sample.scheme],
    ["x-a", sample.a],
    ["x-b", sample.b],
    ["x-a-name-of-more-than-two-words", sample.long],
    ["x-api-key", sample.caller === undefined ? absent : sentAs(sample.caller, undefined)],
  ];
  const [address] = sample.source.raw;
  return {
    route,
    headers: fields.flatMap(([name, { raw }]) => raw.map((value): [string, string] => [name, bytes(value)])),
    ...(address === undefined ? {} : { source: address }),
  };
}

function asEnvironment(sample: Sample, route: string): Environment {
  const who = sample.caller === undefined ? undefined : CALLERS[sample.caller];
  const known = new Map<string, string | readonly string[] | undefined>([
    ["request.method", sample.method.known],
    ["request.path", sample.path.known],
    ["request.host", sample.host.known],
    ["request.scheme", sample.scheme.known],
    ["request.headers x-a", sample.a.known],
    ["request.headers x-b", sample.b.known],
    ["request.headers x-a-name-of-more-than-two-words", sample.long.known],
    ["source.ip", sample.source.known],
    ["auth.consumer", who?.consumer],
    ["auth.tier", who?.tier],
    ["auth.groups", who?.groups],
    ["auth.method", who === undefined ? undefined : "apiKey"],
    ["route.name", route],
  ]);
  return (name, argument) => known.get(argument === undefined ? name : `${name} ${argument}`);
}

// ---- the module: how it decides tells which of the three values it found

type Truth = "true" | "false" | "unknown";

function asTruth(value: Value | undefined): Truth {
  return value === undefined ? "unknown" : value === true ? "true" : "false";
}

const anybody = { ...partnersOnly, authenticate: { ...partnersOnly.authenticate, optional: true } };

/** Policies for the nth tree: one that tells the three values apart, and one that denies by it. Each has a route of its name. */
function policiesOf(tree: Typed, index: number) {
  const form = lower(tree);
  const rules = [
    { name: "true", allow: form },
    { name: "false", allow: ["!", form] },
  ];
  return [
    { name: `truth-${index}`, authorize: { rules, otherwise: "deny" } },
    { name: `deny-${index}`, authorize: { rules: [{ name: "rule", deny: form }], otherwise: "allow" } },
  ];
}

function vmOf(trees: readonly Typed[]): ModuleVm {
  const policies = trees.flatMap(policiesOf);
  const routes = policies.map(({ name }) => ({ name, run: [anybody.name, name] }));
  const vm = new ModuleVm(guard);
  const taken = vm.configure(configurationOf([anybody, ...policies], { routes }));
  expect([taken, vm.lastError]).toEqual([true, undefined]);
  return vm;
}

function truthBy(vm: ModuleVm, sample: Sample, index: number): Truth {
  const route = `truth-${index}`;
  const decision = vm.send(asRequest(sample, route)).properties["sluice.decision"];
  if (decision === `${route}/true allowed rule`) return "true";
  if (decision === `${route}/false allowed rule`) return "false";
  expect(decision).toBe(`${route} denied otherwise`);
  return "unknown";
}

test("the module finds what the compiler means, of any expression in any request", () => {
  const seen = { true: 0, false: 0, unknown: 0 };
  const expressions = fc.array(condition, { minLength: 1, maxLength: 12 });
  const samples = fc.array(request, { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(expressions, samples, (texts, requests) => {
      // As it is written, with constants that only the module computes, and folded, as it is shipped.
      const trees = texts.map(typed).flatMap((tree) => [tree, fold(tree).tree]);
      const vm = vmOf(trees);
      for (const sample of requests)
        trees.forEach((tree, index) => {
          const truth = asTruth(evaluate(tree, asEnvironment(sample, `truth-${index}`)));
          expect([truthBy(vm, sample, index), index]).toEqual([truth, index]);
          seen[truth] += 1;
          const denied = asTruth(evaluate(tree, asEnvironment(sample, `deny-${index}`))) !== "false";
          expect([vm.send(asRequest(sample, `deny-${index}`)).passed, index]).toEqual([!denied, index]);
        });
    }),
    { numRuns: 200 },
  );
  // It would prove nothing if one of the values hardly came up.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(500);
});
