import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Environment, evaluate } from "../../compiler/expression/evaluate.js";
import { fold } from "../../compiler/expression/fold.js";
import { type JsonPredicate, lower } from "../../compiler/expression/lower.js";
import type { Typed } from "../../compiler/expression/tree.js";
import { celValue } from "../../test/support/cel.js";
import { type CompiledModule, loadModule, ModuleVm, type Request } from "../../test/support/module-host.js";
import { configurationOf, digestOf, partnersOnly } from "../../test/support/module-policies.js";
import type { Truth } from "../../test/support/predicates.js";
import {
  environmentOf,
  type RandomRequest,
  randomExpression,
  randomRequest,
  type Sample,
} from "../../test/support/random-expressions.js";
import { typed } from "../../test/support/typed.js";

// One expression, three implementations: a public one of CEL, the compiler's, and the modules as they are shipped, which
// get its JSON form and the request as bytes. All find the same, whatever the expression and the request; where the
// language is not CEL on purpose is listed in test/support/cel.ts.

let modules: readonly CompiledModule[];
beforeAll(async () => {
  modules = [await loadModule("guard"), await loadModule("auth")];
});

const KEY = "caller-key";
const LIMIT = { numRuns: 250 };

/** The one method that the modules have, and a time that clocks tell: 0 says that a clock fails. */
const request = randomRequest.map(
  (random): RandomRequest => ({
    ...random,
    time: Math.max(1, random.time),
    caller: random.caller && { ...random.caller, method: "apiKey" },
  }),
);
const requests = fc.array(request, { minLength: 3, maxLength: 3 });

/** UTF-8 as the host of the tests takes it: one character a byte. */
const bytes = (text: string): string => Buffer.from(text).toString("latin1");

function sent(random: RandomRequest): Request {
  const { ip, port } = random.source;
  const path = random.query === undefined ? random.path : `${random.path}?${random.query}`;
  const fields: (readonly [string, string | undefined])[] = [
    [":method", random.method],
    [":path", path],
    [":authority", random.host],
    ["x-forwarded-proto", random.scheme],
    ["x-request-id", random.id],
    ["content-length", random.size?.toString()],
    ["x-api-key", random.caller && KEY],
    ...random.headers,
    ...random.cookies.map((value) => ["cookie", value] as const),
  ];
  return {
    route: random.route.name,
    headers: fields.flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, bytes(value)]])),
    source: ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`,
    protocol: random.protocol,
    // Nobody shows a certificate.
    attributes: { "connection.mtls": false },
    ends: random.ends,
  };
}

const anybody = { ...partnersOnly, authenticate: { ...partnersOnly.authenticate, optional: true } };

/** A configuration that tells what a condition is by the rule that decides, for the caller and the route of a request. */
function configurationFor(form: JsonPredicate, { caller, route }: RandomRequest): unknown {
  const rules = [
    { name: "true", allow: form },
    { name: "false", allow: ["!", form] },
  ];
  const consumer = caller && {
    name: caller.consumer,
    ...(caller.tier === undefined ? {} : { tier: caller.tier }),
    groups: caller.groups,
    credentials: [{ apiKey: digestOf(KEY) }],
  };
  return configurationOf([anybody, { name: "rules", authorize: { rules, otherwise: "deny" } }], {
    consumers: consumer === undefined ? [] : [consumer],
    routes: [{ name: route.name, run: [anybody.name, "rules"], params: route.params }],
  });
}

function truthBy(vm: ModuleVm, form: JsonPredicate, random: RandomRequest): Truth {
  expect([vm.configure(configurationFor(form, random)), vm.lastError]).toEqual([true, undefined]);
  const decision = vm.send(sent(random)).properties["sluice.decision"];
  if (decision === "rules/true allowed rule") return "true";
  if (decision === "rules/false allowed rule") return "false";
  expect(decision).toBe("rules denied otherwise");
  return "unknown";
}

function vmFor(module: CompiledModule, { time }: RandomRequest): ModuleVm {
  return new ModuleVm(module, { wallClock: { now: BigInt(time) * 1_000_000n } });
}

/** What a condition must be found to be: of another type, whether it has the value that the other implementations give. */
function expectation(tree: Typed, sample: Sample, environment: Environment): { form: JsonPredicate; truth: Truth } {
  const value = evaluate(tree, environment);
  expect([sample.text, value]).toEqual([sample.text, celValue(sample.cel, environment)]);
  const form = lower(tree);
  if (tree.type === "bool") return { form, truth: value === undefined ? "unknown" : value === true ? "true" : "false" };
  if (value === undefined) return { form: ["==", form, tree.type === "int" ? 0 : ""], truth: "unknown" };
  if (typeof value === "object") throw new Error(`${sample.text} is a list`);
  return { form: ["==", form, value], truth: "true" };
}

describe("the modules find what CEL and the compiler find", () => {
  test.each(["bool", "string", "int"] as const)("of a random %s in random requests", (type) => {
    const seen = new Map<Truth, number>();
    fc.assert(
      fc.property(randomExpression[type], requests, (sample, randoms) => {
        // As it is written, with constants that only the module computes, and folded, as it is shipped.
        const written = typed(sample.text);
        for (const random of randoms)
          for (const tree of [written, fold(written).tree]) {
            const { form, truth } = expectation(tree, sample, environmentOf(random));
            for (const module of modules)
              expect([sample.text, truthBy(vmFor(module, random), form, random)]).toEqual([sample.text, truth]);
            seen.set(truth, (seen.get(truth) ?? 0) + 1);
          }
      }),
      LIMIT,
    );
    // It would prove nothing if one of the values hardly came up.
    for (const truth of type === "bool" ? (["true", "false", "unknown"] as const) : (["true", "unknown"] as const))
      expect(seen.get(truth) ?? 0, truth).toBeGreaterThan(100);
  });
});
