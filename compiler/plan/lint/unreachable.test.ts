import fc from "fast-check";
import { expect, it } from "vitest";
import { checkText } from "../../index.js";
import { matchRoute } from "../../request/match.js";

const PATHS = ["/a", "/a/", "/a/b", "/a/b/c", "/a%3Ab", "/ab", "/b", "/b/b", "/", "/a?v=1", "/a/b?v=2", "/a?v"];
const METHODS = ["GET", "POST", "DELETE"];
const HOSTS = ["api.example.com", "www.example.com", "other.test"];
const VALUES = [undefined, "1", "2"];

const route = fc.record({
  host: fc.constantFrom(undefined, "api.example.com", "*.example.com"),
  path: fc.constantFrom(
    "/a",
    "/a/**",
    "/a/{id}",
    "/{x}/b",
    "/*/**",
    "/**",
    "~/a.*",
    "~/a/.*",
    "~/.*",
    "~/a",
    "~/(a|b)",
    "/a:b",
  ),
  methods: fc.constantFrom(undefined, ["GET"], ["GET", "POST"]),
  headers: fc.constantFrom(undefined, { "x-v": "1" }, { "x-v": true }, { "x-v": false }, { "x-v": "~[12]" }),
  query: fc.constantFrom(undefined, undefined, { v: "1" }, { v: true }, { v: false }, { v: "~[12]" }),
});
const routes = fc.array(route, { minLength: 2, maxLength: 6 });

function policyOf(list: readonly unknown[]): string {
  return JSON.stringify({
    apiVersion: "sluice/v1",
    kind: "Gateway",
    name: "shop",
    listeners: { public: { address: "127.0.0.1:8080" } },
    routes: list.map((match, index) => ({ name: `r-${index}`, match, respond: { status: 200 } })),
  });
}

it("says of no route that it is not reached while a request reaches it", () => {
  let claims = 0;
  fc.assert(
    fc.property(routes, (list) => {
      const { plan, diagnostics } = checkText("policy.yaml", policyOf(list));
      const unreached = diagnostics.flatMap(({ code, message }) =>
        code === "SL0312" ? (/the route `([^`]+)`/.exec(message)?.[1] ?? []) : [],
      );
      if (plan === undefined || unreached.length === 0) return;
      claims += unreached.length;
      for (const authority of HOSTS)
        for (const path of PATHS)
          for (const method of METHODS)
            for (const value of VALUES) {
              const headers = new Map(value === undefined ? [] : [["x-v", [value]]]);
              const request = {
                method,
                path,
                authority,
                headers,
                scheme: "http" as const,
                source: "127.0.0.1",
                time: 0,
                ends: true,
              };
              expect(unreached).not.toContain(matchRoute(plan, "public", request)?.route.name);
            }
    }),
    { numRuns: 300 },
  );
  expect(claims).toBeGreaterThan(0);
});

it("says nothing of the answers that the compiler adds", () => {
  const { diagnostics } = checkText("policy.yaml", policyOf([{ path: "~/.*" }]));
  expect(diagnostics).toEqual([]);
});
