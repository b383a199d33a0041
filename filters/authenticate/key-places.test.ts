import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type CompiledModule, loadModule, ModuleVm } from "../../test/support/module-host.js";
import { configurationOf, type Policy } from "../../test/support/module-policies.js";

// Keys in the query and in cookies, through the modules that ship: what is looked for, and what remains.

let auth: CompiledModule;
let guard: CompiledModule;
beforeAll(async () => {
  auth = await loadModule("auth");
  guard = await loadModule("guard");
});

type Results = "headers" | "filterState";
type Place = Readonly<Record<string, string>>;

function vmOf(places: readonly Place[], results: Results, more: Readonly<Record<string, unknown>> = {}): ModuleVm {
  const anyOf = places.map((apiKey) => ({ apiKey }));
  const policy: Policy = { name: "known", authenticate: { realm: "shop", anyOf, optional: true }, ...more };
  const vm = new ModuleVm(results === "headers" ? auth : guard);
  const told = results === "headers" ? {} : { tell: ["consumer", "path", "cookie"] };
  const routes = [{ name: "r", run: ["known"], ...told }];
  expect(vm.configure(configurationOf([policy], { results, routes })), vm.lastError).toBe(true);
  return vm;
}

interface Sent {
  path?: string;
  cookies?: readonly string[];
}

const BOTH = [{ query: "api_key" }, { cookie: "sid" }] as const;

/** What an upstream sees of path and cookies, or why there is none. */
function remains(sent: Sent, results: Results, places: readonly Place[] = BOTH, more = {}) {
  const { path = "/x", cookies = [] } = sent;
  const headers: [string, string][] = [
    [":method", "GET"],
    [":path", path],
    [":authority", "shop"],
  ];
  for (const cookie of cookies) headers.push(["cookie", cookie]);
  const { passed, properties, headers: left } = vmOf(places, results, more).send({ route: "r", headers });
  if (!passed) return properties["sluice.decision"];
  const all = (name: string) => left.flatMap(([other, value]) => (other === name ? [value] : []));
  if (results === "headers") return { path: all(":path"), cookie: all("cookie") };
  expect(left, "the guard writes no header").toEqual(headers);
  const cookie = properties["sluice.cookie"];
  return { path: [properties["sluice.path"] ?? path], cookie: cookie === undefined ? [] : [cookie] };
}

describe.each(["headers", "filterState"] as const)("with results: %s", (results) => {
  const cases: readonly (readonly [Sent, string, readonly string[]])[] = [
    [{ path: "/x?api_key=acme-key" }, "/x", []],
    [{ path: "/x?api_key=acme-key&" }, "/x?", []],
    [{ path: "/x?&api_key=acme-key" }, "/x?", []],
    [{ path: "/x?%61pi_key=acme%2Dkey&b" }, "/x?b", []],
    [{ path: "/x?b=1&api_key=acme-key", cookies: ["a=1"] }, "/x?b=1", ["a=1"]],
    [{ cookies: ["sid=acme-key"] }, "/x", []],
    [{ cookies: ["a=1;\tsid=acme-key\t;b=2"] }, "/x", ["a=1; b=2"]],
    [{ path: "/x?", cookies: ["a=1"] }, "/x?", ["a=1"]],
    [{ path: "/x?b", cookies: [""] }, "/x?b", results === "headers" ? [""] : []],
  ];
  test.each(cases)("%j", (sent, path, cookie) => {
    expect(remains(sent, results)).toEqual({ path: [path], cookie });
  });

  test.each([
    ["twice", { path: "/x?api_key=acme-key&api%5fkey=acme-key" }, "duplicate-credential"],
    ["under a name that is none", { path: "/x?%zz" }, "duplicate-credential"],
    ["in two lines of cookies", { cookies: ["a=1", "b=2"] }, "duplicate-credential"],
    ["in both places", { path: "/x?api_key=acme-key", cookies: ["sid=acme-key"] }, "several-credentials"],
    ["empty", { path: "/x?api_key" }, "malformed-credential"],
    ["too long", { path: `/x?api_key=${"k".repeat(4097)}` }, "malformed-credential"],
    ["of nobody", { cookies: ["sid=acme-key2"] }, "unknown-credential"],
  ])("a key %s is refused", (_, sent, reason) => {
    expect(remains(sent, results)).toBe(`known denied ${reason}`);
  });

  test("where the policy does not apply, keys go all the same, and all of two lines of cookies", () => {
    const never = { when: ["==", ["get", "request.method"], "POST"] };
    const sent = { path: "/x?api_key=1&a=%zz&api_key=2", cookies: ["a=1; sid=1; sid=2"] };
    expect(remains(sent, results, BOTH, never)).toEqual({ path: ["/x?a=%zz"], cookie: ["a=1"] });
    expect(remains({ cookies: ["a=1", "b=1"] }, results, BOTH, never)).toEqual({ path: ["/x"], cookie: [] });
  });

  test("several parameters, and one that another policy reads", () => {
    const places = [{ query: "a" }, { query: "b" }];
    expect(remains({ path: "/x?a=acme-key&c=1" }, results, places)).toEqual({ path: ["/x?c=1"], cookie: [] });
    expect(remains({ path: "/x?c&b=globex-key&d" }, results, places)).toEqual({ path: ["/x?c&d"], cookie: [] });
    expect(remains({ path: "/x?a=acme-key&b=globex-key" }, results, places)).toBe("known denied several-credentials");
  });

  test("random queries lose what has the name, and nothing else", () => {
    const vm = vmOf([{ query: "k" }], results, { when: ["==", ["get", "request.method"], "POST"] });
    const spelled = fc.constantFrom("k", "%6b", "%6B");
    const other = fc.constantFrom("K", "kk", "%4b", "k+", "+k", "", "a", "%zz", "k%", "%2561");
    const value = fc.constantFrom("", "=", "=1", "=k", "==", "=%26k=1", "=a?k=1");
    const piece = fc.oneof(
      fc.tuple(spelled, value).map(([name, text]) => ({ text: name + text, isKey: true })),
      fc.tuple(other, value).map(([name, text]) => ({ text: name + text, isKey: false })),
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
        // Behind a name that is none, nobody knows what is a key: then all that is one goes.
        const path = `/x?${pieces.map(({ text }) => text).join("&")}`;
        const left = pieces.filter(({ isKey }) => !isKey).map(({ text }) => text);
        const { properties, headers } = vm.send({
          route: "r",
          headers: [
            [":method", "GET"],
            [":path", path],
          ],
        });
        const seen =
          results === "headers" ? headers.find(([name]) => name === ":path")?.[1] : properties["sluice.path"];
        expect(seen ?? path).toBe(left.length === 0 ? "/x" : `/x?${left.join("&")}`);
      }),
      { numRuns: 300 },
    );
  });
});

test("the guard tells what remains only where it is asked, and of the path only what is new", () => {
  const send = (tell: readonly string[] | undefined, headers: readonly [string, string][]) => {
    const vm = new ModuleVm(guard);
    const policy: Policy = {
      name: "known",
      authenticate: { realm: "shop", anyOf: BOTH.map((apiKey) => ({ apiKey })) },
    };
    const routes = [{ name: "r", run: ["known"], ...(tell === undefined ? {} : { tell }) }];
    expect(vm.configure(configurationOf([policy], { routes })), vm.lastError).toBe(true);
    const { properties } = vm.send({ route: "r", headers: [[":method", "GET"], ...headers] });
    return Object.keys(properties).filter((name) => /path|cookie/.test(name));
  };
  const byQuery: [string, string][] = [
    [":path", "/x?api_key=acme-key"],
    ["cookie", "a=1"],
  ];
  expect(send([], byQuery)).toEqual([]);
  expect(send(["path"], byQuery)).toEqual(["sluice.path"]);
  expect(send(["path", "cookie"], byQuery)).toEqual(["sluice.path", "sluice.cookie"]);
  expect(send(undefined, byQuery)).toEqual(["sluice.path", "sluice.cookie"]);
  expect(
    send(
      ["path", "cookie"],
      [
        [":path", "/x?a"],
        ["cookie", "sid=acme-key"],
      ],
    ),
  ).toEqual([]);
});

test.each([
  ["no place", {}],
  ["two places", { header: "x-api-key", query: "k" }],
  ["another place", { path: "k" }],
  ["an empty name", { query: "" }],
  ["a name with a space", { cookie: "a b" }],
  ["a name that is too long", { query: "k".repeat(65) }],
])("a configuration with %s is refused", (_, apiKey) => {
  const policy: Policy = { name: "known", authenticate: { realm: "shop", anyOf: [{ apiKey }] } };
  expect(new ModuleVm(auth).configure(configurationOf([policy]))).toBe(false);
});

test("a host that does not take what remains lets nothing pass", () => {
  for (const [results, call] of [
    ["headers", "proxy_replace_header_map_value"],
    ["filterState", "proxy_set_property"],
  ] as const) {
    const failing = new Map<string, number>();
    const vm = new ModuleVm(results === "headers" ? auth : guard, { failing });
    const policy: Policy = { name: "known", authenticate: { realm: "shop", anyOf: [{ apiKey: { query: "k" } }] } };
    expect(vm.configure(configurationOf([policy], { results })), vm.lastError).toBe(true);
    failing.set(call, 10);
    const { passed, reply } = vm.send({
      route: "r",
      headers: [
        [":method", "GET"],
        [":path", "/?k=acme-key"],
      ],
    });
    expect([passed, reply?.status]).toEqual([false, 503]);
  }
});
