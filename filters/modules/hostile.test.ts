import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { type CompiledModule, loadModule, ModuleVm } from "../../test/support/module-host.js";
import { allowing, configurationOf, limiting, partnersOnly } from "../../test/support/module-policies.js";

// No input makes the module trap: a trap closes a worker of Envoy. The host throws on a trap, on a range outside of memory, and on
// a request that is stopped without an answer.

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const condition = [
  "||",
  ["in", ["get", "request.method"], ["list", "GET", ["get", "request.headers", "x-a"]]],
  ["&&", ["startsWith", ["get", "request.path"], "/a"], ["!", ["==", ["get", "request.host"], "h"]]],
  ["in", "eu", ["get", "auth.groups"]],
];
const key = [
  ["get", "source.ip"],
  ["get", "request.headers", "x-a"],
  ["get", "route.name"],
];
const whole = configurationOf([
  partnersOnly,
  allowing(condition),
  limiting("limit", { count: 1000, periodMs: 1000, burst: 1000 }, { key, slots: 8 }),
]);
const text = JSON.stringify(whole);

test("a configuration with bytes changed is taken or refused with a reason", () => {
  let vm = new ModuleVm(guard);
  let runs = 0;
  const change = fc.record({
    at: fc.nat(text.length - 1),
    remove: fc.nat(3),
    insert: fc.oneof(
      fc.string({ maxLength: 3 }),
      fc.constantFrom('"', "[", "]", "{", "}", ",", "-1", "1e9", "null", "[[[["),
    ),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      let changed = text;
      for (const { at, remove, insert } of changes)
        changed = changed.slice(0, at) + insert + changed.slice(at + remove);
      if (runs++ % 100 === 0) vm = new ModuleVm(guard);
      const lines = vm.log.length;
      const taken = vm.configure(changed);
      expect(vm.log.length - lines).toBe(taken ? 0 : 1);
      if (!taken) expect(vm.lastError).toMatch(/^sluice: [\x20-\x7e]+$/);
    }),
    { numRuns: 3000 },
  );
});

test("a request of any bytes passes or is answered", () => {
  const vm = new ModuleVm(guard);
  expect(vm.configure(whole)).toBe(true);
  const bytes = fc.uint8Array({ maxLength: 40 }).map((value) => String.fromCharCode(...value));
  const name = fc.oneof(fc.constantFrom(":method", ":path", ":authority", "x-a", "x-api-key"), bytes);
  const value = fc.oneof(fc.constantFrom("GET", "acme-key", "globex-key"), bytes);
  const request = fc.record(
    {
      headers: fc.array(fc.tuple(name, value), { maxLength: 30 }),
      route: fc.oneof(fc.constant("r"), bytes),
      source: fc.oneof(fc.constantFrom("192.0.2.1:1", "[::1]:1", ":", "[]:1", "["), bytes),
    },
    { requiredKeys: ["headers"] },
  );
  fc.assert(
    fc.property(request, (one) => {
      const outcome = vm.send(one);
      expect([200, 401, 403, 429]).toContain(outcome.reply?.status ?? 200);
      expect(outcome.properties["sluice.decision"]).toMatch(/^[a-z0-9-]+(\/[a-z0-9-]+)? (allowed|denied) [a-z-]+$/);
    }),
    { numRuns: 3000 },
  );
  const good: [string, string][] = [
    ["x-api-key", "acme-key"],
    [":method", "GET"],
  ];
  expect(vm.send({ route: "r", headers: good, source: "192.0.2.77:1" }).passed).toBe(true);
  expect(vm.pages).toBeLessThan(20);
});
