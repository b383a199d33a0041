import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { dfaOf } from "../../test/support/dfa.js";
import { type CompiledModule, loadModule, ModuleVm } from "../../test/support/module-host.js";
import { allowing, configurationOf, limiting, partnersOnly } from "../../test/support/module-policies.js";
import { Conditions } from "../../test/support/predicates.js";

// No input makes the module trap: a trap closes a worker of Envoy. The host throws on a trap, on a range outside of memory, and on
// a request that is stopped without an answer.

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const condition = [
  "||",
  ["in", ["get", "request.method"], ["list", "GET", "PUT"]],
  ["&&", ["startsWith", ["get", "request.path"], "/a"], ["!", ["==", ["get", "request.host"], "h"]]],
  ["in", "eu", ["get", "auth.groups"]],
  ["contains", ["lowerAscii", ["get", "request.query", "q"]], ["get", "request.cookies", "c"]],
  [
    "?:",
    ["has", ["get", "route.params", "id"]],
    ["<", ["size", ["get", "route.params", "id"]], 3],
    ["cidr", ["get", "source.ip"], "2001:db8::/32"],
  ],
  [
    "matches",
    ["get", "request.path"],
    dfaOf({ states: 2, classes: 2, map: (byte) => (byte === 0x61 ? 1 : 0), next: [0, 1, 1, 1], flags: [0, 1] }),
  ],
  ["==", ["string", ["int", ["get", "request.headers", "x-a"]]], "7"],
  ["in", ["get", "request.size"], ["list", 1, 2, 3]],
  [">", ["get", "request.time"], ["get", "source.port"]],
  ["==", ["get", "request.protocol"], "HTTP/2"],
];
const key = [
  ["get", "source.ip"],
  ["get", "request.headers", "x-a"],
  ["get", "route.name"],
  ["get", "request.query", "q"],
  ["get", "request.cookies", "c"],
  ["get", "route.params", "id"],
  ["get", "request.id"],
];
const whole = configurationOf(
  [
    partnersOnly,
    allowing(condition),
    limiting("limit", { count: 1000, periodMs: 1000, burst: 1000 }, { key, slots: 8 }),
  ],
  { routes: [{ name: "r", run: ["partners-only", "rules", "limit"], params: { id: 1 } }] },
);
const text = JSON.stringify(whole);

test("a configuration with bytes changed is taken or refused with a reason", () => {
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
      const vm = new ModuleVm(guard);
      const taken = vm.configure(changed);
      expect(vm.log.length).toBe(taken ? 0 : 1);
      if (!taken) expect(vm.lastError).toMatch(/^sluice: [\x20-\x7e]+$/);
    }),
    { numRuns: 3000 },
  );
});

test("a request of any bytes passes or is answered", () => {
  const vm = new ModuleVm(guard);
  expect(vm.configure(whole)).toBe(true);
  const bytes = fc.uint8Array({ maxLength: 40 }).map((value) => String.fromCharCode(...value));
  const name = fc.oneof(
    fc.constantFrom(":method", ":path", ":authority", "cookie", "content-length", "x-a", "x-api-key"),
    bytes,
  );
  const part = fc.oneof(fc.constantFrom("/a", "?q", "c", "=", ";", "&", "%4", "%zz", "+", " ", "é"), bytes);
  const value = fc.oneof(
    fc.constantFrom("GET", "acme-key", "globex-key"),
    fc.array(part, { maxLength: 8 }).map((parts) => parts.join("")),
  );
  const request = fc.record(
    {
      headers: fc.array(fc.tuple(name, value), { maxLength: 30 }),
      route: fc.oneof(fc.constant("r"), bytes),
      protocol: bytes,
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

describe("values as long as Envoy lets them be", () => {
  const LONGEST = 60 * 1024;
  const field = (name: string) => ["get", "request.headers", name];
  const lower = (operand: unknown) => ["lowerAscii", operand];
  const letters = "A".repeat(LONGEST);

  // In the place of the time that they take, which no test can tell: what is asked of the host, and how much memory there is.
  test("cost no host call more than short ones, in one header or in a hundred, and no memory but the first time", () => {
    const vm = new ModuleVm(guard);
    expect(vm.configure(whole)).toBe(true);
    const send = (headers: readonly [string, string][]) => {
      const own: [string, string][] = [[":method", "GET"], [":path", "/a"], ...headers, ["x-api-key", "acme-key"]];
      return vm.send({ route: "r", headers: own });
    };
    const { calls } = send([["x-b", "1"]]);
    // The first one asks the most: later ones may spend what a limit has on hand.
    expect(calls).toContain("proxy_get_shared_data");
    const hundred = Array.from({ length: 100 }, (_, n): [string, string] => [`x-b-${n}`, letters.slice(LONGEST - 600)]);
    const shapes: [string, string][][] = [
      hundred,
      [["x-b", letters]],
      Array.from({ length: 100 }, (): [string, string] => ["cookie", letters.slice(LONGEST - 600)]),
    ];
    for (const headers of shapes) send(headers);
    const { pages } = vm;
    for (let round = 0; round < 50; round++)
      for (const headers of shapes) expect(send(headers).calls.length).toBeLessThanOrEqual(calls.length);
    expect(vm.pages).toBe(pages);
  });

  test("are put in lower case twice at once, and after that are unknown: a rule that allows does not, one that denies does", () => {
    const twice = ["==", lower(field("x-a")), lower(field("x-b"))];
    const thrice = ["==", lower(field("x-a")), ["?:", ["==", lower(field("x-a")), ""], "", lower(field("x-b"))]];
    const more = ["||", ...Array.from({ length: 20 }, () => ["contains", lower(field("x-a")), "b"])];
    const conditions = new Conditions(guard, [twice, thrice, more, ["!", more]]);
    const headers: [string, string][] = [
      ["x-a", letters],
      ["x-b", letters.toLowerCase()],
    ];
    const pages = conditions.vm.pages;
    for (let round = 0; round < 50; round++) {
      expect(conditions.truth(0, { headers })).toBe("true");
      expect(conditions.truth(1, { headers })).toBe("unknown");
      expect(conditions.truth(2, { headers })).toBe("unknown");
      expect(conditions.truth(3, { headers })).toBe("unknown");
      expect(conditions.truth(2, { headers: [["x-a", "B"]] })).toBe("true");
    }
    expect(conditions.vm.pages - pages).toBeLessThan(8);
  });

  test("do not add up over the rules of a policy", () => {
    const rules = Array.from({ length: 1000 }, (_, n) => ({ name: `r${n}`, deny: ["==", lower(field("x-a")), "b"] }));
    const vm = new ModuleVm(guard);
    expect(vm.configure(configurationOf([{ name: "all", authorize: { rules, otherwise: "allow" } }]))).toBe(true);
    expect(vm.send({ route: "r", headers: [["x-a", letters]] }).passed).toBe(true);
    expect(vm.pages).toBeLessThan(24);
  });

  test("are searched in linear time", () => {
    const conditions = new Conditions(guard, [["contains", field("x-a"), field("x-b")]]);
    const headers: [string, string][] = [
      ["x-a", letters],
      ["x-b", `${letters.slice(LONGEST / 2)}B`],
    ];
    for (let round = 0; round < 50; round++) expect(conditions.truth(0, { headers })).toBe("false");
  });

  test("are counted, compared, converted and matched", () => {
    const any = { states: 1, classes: 2, map: (byte: number) => (byte === 0x41 ? 0 : 1), next: [0, 65535], flags: [2] };
    const conditions = new Conditions(guard, [
      ["==", ["size", field("x-a")], LONGEST],
      ["<", field("x-a"), `${"A".repeat(100)}B`],
      ["==", ["int", field("x-a")], 0],
      ["matches", field("x-a"), dfaOf(any)],
    ]);
    const truths = (value: string) => [0, 1, 2, 3].map((n) => conditions.truth(n, { headers: [["x-a", value]] }));
    expect(truths(letters)).toEqual(["true", "true", "unknown", "true"]);
    expect(truths(`${letters.slice(1)}\xff`)).toEqual(["unknown", "true", "unknown", "false"]);
    expect(truths("0".repeat(LONGEST))).toEqual(["true", "true", "true", "false"]);
    expect(truths("9".repeat(LONGEST))).toEqual(["true", "true", "unknown", "false"]);
  });

  test("hide no parameter or cookie among thousands", () => {
    const conditions = new Conditions(
      guard,
      [
        ["==", ["get", "request.query", "q"], "1"],
        ["==", ["get", "request.cookies", "c"], "1"],
        ["==", ["get", "route.params", "id"], "1"],
      ],
      { params: { id: 1000 } },
    );
    const truth = (index: number, path: string, cookie = "") =>
      conditions.truth(index, {
        headers: [
          [":path", path],
          ["cookie", cookie],
        ],
      });
    expect(truth(0, `/?${"q%31=&".repeat(9000)}q=1`)).toBe("true");
    expect(truth(0, `/?${"&".repeat(LONGEST)}q=1`)).toBe("true");
    expect(truth(0, `/?q=1${"&q%".repeat(9000)}`)).toBe("unknown");
    expect(truth(0, `/?q=${"%31".repeat(20_000)}`)).toBe("false");
    expect(truth(0, `/?q=1${"&q".repeat(20_000)}`)).toBe("unknown");
    expect(truth(1, "/", `${"c1=; ".repeat(10_000)}c=1`)).toBe("true");
    expect(truth(1, "/", `${";".repeat(LONGEST)}c=1`)).toBe("true");
    expect(truth(1, "/", "c=1;".repeat(10_000))).toBe("unknown");
    expect(truth(2, `${"/a".repeat(1000)}/1`)).toBe("true");
    expect(truth(2, `${"/".repeat(1001)}1${"/".repeat(LONGEST)}`)).toBe("true");
    expect(truth(2, "/".repeat(1000))).toBe("unknown");
    expect(conditions.vm.pages).toBeLessThan(24);
  });
});
