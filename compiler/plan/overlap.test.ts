import { describe, expect, it } from "vitest";
import { checkText } from "../index.js";

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
