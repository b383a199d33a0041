import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkText } from "../index.js";
import { mismatch } from "../request/match.js";
import { isGenerated } from "./names.js";
import { conditionsOf } from "./route-match.js";

const HEAD = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:8080 } }
services: { a: { endpoints: [127.0.0.1:9001] } }
consumers: { c: { credentials: [{ apiKey: env:K }] } }
policies:
  who: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  staff: { authorize: { rules: [{ name: staff, allow: 'request.method == "GET"' }] } }
defaults: { apply: [who] }
routes:
`;

interface Counts {
  open: number;
  protected: number;
}

/** Open templates that each cross every protected one: `/x<i>/{b}` comes first. */
function crossing(count: Counts, more = { open: "", protected: "" }): string {
  const open = Array.from(
    { length: count.open },
    (_, index) => `  - { name: o${index}, match: { path: "/x${index}/{b}"${more.open} }, to: a }\n`,
  );
  const kept = Array.from(
    { length: count.protected },
    (_, index) =>
      `  - { name: p${index}, match: { path: "/{a}/y${index}"${more.protected} }, to: a, apply: [staff] }\n`,
  );
  return HEAD + open.join("") + kept.join("");
}

function codesOf(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code } of checkText("policy.yaml", text).diagnostics) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

describe("weaker routes that come first", () => {
  it("are each told, up to a hundred pairs", () => {
    expect(codesOf(crossing({ open: 10, protected: 10 }))).toEqual({ SL0310: 100 });
    expect(codesOf(crossing({ open: 101, protected: 1 }))).toEqual({ SL0310: 100, SL0319: 1 });
    expect(codesOf(crossing({ open: 1_100, protected: 1_000 }))).toEqual({ SL0310: 100, SL0319: 1 });
  });

  it("are not looked for beyond a million pairs", () => {
    const apart = { open: ", methods: [GET]", protected: ", methods: [POST]" };
    expect(codesOf(crossing({ open: 100, protected: 100 }, apart))).toEqual({});
    expect(codesOf(crossing({ open: 1_100, protected: 1_000 }, apart))).toEqual({ SL0319: 1 });
  });

  it("say where the search ended", () => {
    const { diagnostics } = checkText("policy.yaml", crossing({ open: 200, protected: 1 }));
    const left = diagnostics.find(({ code }) => code === "SL0319");
    expect(left?.message).toBe("routes overlap in too many ways to look at all of them; 100 were told");
    expect(left?.span.source.position(left.span.start)).toEqual({ line: 11, column: 1 });
  });
});

const PATHS = ["/a", "/a/b", "/a/c", "/a/b/c", "/b/b", "/c", "/a?q=1", "/a/b?q=1", "/a?q"];
const METHODS = ["GET", "POST"];
const SENT = ["", "x", "y", "xy"].map((names) => new Map([...names].map((name) => [`x-${name}`, ["1"]])));

const route = fc.record({
  path: fc.constantFrom("/a", "/a/b", "/a/**", "/a/{id}", "/{x}/b", "/**"),
  methods: fc.constantFrom(undefined, undefined, ["GET"], ["POST"]),
  headers: fc.constantFrom(undefined, { "x-x": "1" }, { "x-y": true }, { "x-x": false }, { "x-x": "1", "x-y": "1" }),
  query: fc.constantFrom(undefined, undefined, { q: "1" }, { q: true }, { q: false }),
  apply: fc.subarray(["who", "staff"]),
});

function withRoutes(list: readonly { apply: readonly string[] }[]): string {
  const lines = list.map(({ apply, ...match }, index) =>
    JSON.stringify({ name: `r-${index}`, match, respond: { status: 200 }, apply }),
  );
  const head = HEAD.replace("defaults: { apply: [who] }\n", "");
  return `${head}${lines.map((line) => `  - ${line}\n`).join("")}`;
}

it("says of each stricter route that a request could have reached that its headers lead around it", () => {
  const counts = { needed: 0, told: 0 };
  fc.assert(
    fc.property(fc.array(route, { minLength: 2, maxLength: 6 }), (list) => {
      const { plan, diagnostics } = checkText("policy.yaml", withRoutes(list));
      if (plan === undefined) return;
      const [host] = plan.hosts;
      const toldAs = (...codes: readonly string[]) =>
        new Set(
          diagnostics.flatMap(({ code, related: [later], span }) =>
            codes.includes(code) ? [`${span.start} ${later?.span.start}`] : [],
          ),
        );
      const told = toldAs("SL0310", "SL0313");
      const byHeaders = toldAs("SL0313");
      const met = new Set<string>();
      for (const path of PATHS)
        for (const method of METHODS)
          for (const headers of SENT) {
            const request = {
              method,
              path,
              authority: "a.test",
              scheme: "http" as const,
              headers,
              source: "127.0.0.1",
              time: 0,
              ends: true,
            };
            const takers = (host?.routes ?? []).filter((one) => mismatch(one, request) === undefined);
            const own = takers.filter((one) => !isGenerated(one));
            for (const one of own) for (const other of own) met.add(`${one.origin.start} ${other.origin.start}`);
            const [first, ...behind] = own;
            if (first === undefined) continue;
            for (const later of behind) {
              const stricter = later.run.some(({ policy }) => first.run.every((one) => one.policy !== policy));
              const key = `${first.origin.start} ${later.origin.start}`;
              if (conditionsOf(later).length > 0) continue;
              // Of routes without headers, the first is where the request would go with none.
              if (stricter && conditionsOf(first).length > 0) {
                counts.needed += 1;
                expect(told).toContain(key);
              }
              break;
            }
          }
      for (const key of byHeaders) expect(met).toContain(key);
      counts.told += byHeaders.size;
    }),
    { numRuns: 500 },
  );
  expect(Math.min(counts.needed, counts.told)).toBeGreaterThan(50);
});
