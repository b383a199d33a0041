import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { tellLimits } from "../../compiler/embedded/told-limits.js";
import { HeaderMap } from "../../compiler/host/header-map.js";
import { WINDOW_SECONDS } from "../../compiler/plan/global-limits.js";
import { type CompiledModule, loadModule, ModuleVm, SharedData } from "../../test/support/module-host.js";
import { configurationOf, limiting } from "../../test/support/module-policies.js";
import { loadStructuredFields, type StructuredFields } from "../../test/support/structured-fields.js";

// The fields that clients are told in, read as RFC 9651 says: by the reader that is held to the cases of the working group.

let guard: CompiledModule;
let fields: StructuredFields;
beforeAll(async () => {
  [guard, fields] = await Promise.all([loadModule("guard"), loadStructuredFields()]);
});

const SECOND = 1_000_000_000n;
/** RFC 9651, section 3.3.1. */
const integer = z.int().min(0).max(999_999_999_999_999);
/** draft-ietf-httpapi-ratelimit-headers-10: a list of items that are strings, with parameters that are integers. */
const quotas = z.array(
  z.tuple([
    z.string(),
    z.tuple([z.tuple([z.literal("q"), integer.min(1)]), z.tuple([z.literal("w"), integer.min(1)])]),
  ]),
);
const current = z.array(
  z.tuple([z.string(), z.tuple([z.tuple([z.literal("r"), integer]), z.tuple([z.literal("t"), integer])])]),
);

function membersOf(text: string): unknown {
  const nodes = fields.read(text, "list");
  expect(nodes, text).toBeGreaterThan(0);
  const members = fields.members(nodes);
  // In the one form that there is for it.
  expect(fields.serialize("list", nodes)).toBe(text);
  return members;
}

/** What both fields say, by name. */
function told(policy: string, limit: string) {
  const [said, left] = [quotas.parse(membersOf(policy)), current.parse(membersOf(limit))];
  for (const [name, [[, r]]] of left) {
    const quota = said.find(([other]) => other === name);
    expect(quota, `${name} in ${policy}`).toBeDefined();
    expect(r).toBeLessThanOrEqual(quota?.[1][0][1] ?? 0);
  }
  expect(new Set(said.map(([name]) => name)).size).toBe(said.length);
  return { said, left };
}

const window = (periodMs: number) =>
  fc
    .record({ share: fc.double({ min: 0, max: 1, noNaN: true }), burst: fc.integer({ min: 1, max: 1_000_000 }) })
    .map(({ share, burst }) => {
      const count = Math.max(1, Math.round(share * Math.min(1_000_000_000, periodMs * 1_000)));
      return { count, periodMs, burst: Math.max(1, Math.min(burst, count)) };
    });
const windows = fc
  .uniqueArray(fc.constantFrom(1_000, 15_000, 3_600_000, 2_678_400_000), { minLength: 1, maxLength: 4 })
  .chain((periods) => fc.tuple(...periods.map(window)));

test("the fields of any limits are lists of strings with whole numbers, and say the same of the same names", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?$/), {
    minLength: 1,
    maxLength: 4,
  });
  const calls = fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(names, fc.array(windows, { minLength: 4, maxLength: 4 }), calls, (policies, rates, waits) => {
      const clock = { now: 1_000_000n * SECOND };
      const vm = new ModuleVm(guard, { shared: new SharedData(), clock });
      const limits = policies.map((name, index) => {
        const [first, ...more] = rates[index] ?? [];
        const rate = more.length === 0 ? first : { windows: [first, ...more] };
        return limiting(name, { count: 1, periodMs: 1_000, burst: 1 }, { key: [], default: rate });
      });
      expect(vm.configure(configurationOf(limits)), vm.lastError).toBe(true);
      for (const wait of waits) {
        clock.now += BigInt(wait) * 1_000_000n;
        const { passed, properties, reply } = vm.send({ route: "r", headers: [] });
        const headers = Object.fromEntries(reply?.headers ?? []);
        const [policy, limit] = passed
          ? [properties["sluice.ratelimit-policy"], properties["sluice.ratelimit"]]
          : [headers["ratelimit-policy"], headers.ratelimit];
        const { said, left } = told(policy ?? "", limit ?? "");
        expect(left.map(([name]) => name)).toEqual(said.map(([name]) => name));
        const all = rates.slice(0, policies.length).flat();
        expect(said.map(([, [[, q], [, w]]]) => [q, w])).toEqual(
          all.map(({ count, periodMs }) => [count, periodMs / 1_000]),
        );
        // RFC 9110, section 10.2.3: seconds, in digits.
        if (!passed) expect(headers["retry-after"]).toMatch(/^[1-9][0-9]*$/);
      }
    }),
    { numRuns: 60 },
  );
});

test("and so are those of limits that a service counts", () => {
  const units = fc.constantFrom("second", "minute", "hour", "day", "week", "month");
  const status = fc.record({
    unit: units,
    count: fc.integer({ min: 1, max: 999_999_999 }),
    used: fc.nat(),
    resetSeconds: fc.integer({ min: 1, max: 2_592_000 }),
  });
  fc.assert(
    fc.property(fc.uniqueArray(status, { minLength: 1, maxLength: 4, selector: ({ unit }) => unit }), (drawn) => {
      const statuses = drawn.map(({ unit, count, used, resetSeconds }) => ({
        isOver: used > count,
        limit: { name: "per-partner", unit, count },
        remaining: Math.max(0, count - used),
        resetSeconds,
      }));
      const headers = new HeaderMap("response");
      tellLimits({ limits: [{ policy: "per-partner", headers: ["ietf"], statuses }] }, headers);
      const { said, left } = told(headers.get("ratelimit-policy") ?? "", headers.get("ratelimit") ?? "");
      expect(said.map(([, [[, q], [, w]]]) => [q, w])).toEqual(
        drawn.map(({ unit, count }) => [count, WINDOW_SECONDS[unit]]),
      );
      expect(left).toHaveLength(1);
    }),
  );
});
