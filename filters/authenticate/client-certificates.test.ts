import { beforeAll, expect, test } from "vitest";
import { type CompiledModule, loadModule, ModuleVm } from "../../test/support/module-host.js";
import { allowing, configurationOf, digestOf } from "../../test/support/module-policies.js";

// Client certificates through the module that ships. What Envoy tells of them is as replays on Envoy 1.40 showed it.

let auth: CompiledModule;
beforeAll(async () => {
  auth = await loadModule("auth");
});

const consumers = [
  { name: "acme", credentials: [{ certificate: { san: "spiffe://shop/acme" } }, { apiKey: digestOf("k") }] },
  { name: "globex", credentials: [{ certificate: { san: "globex.test" } }] },
];
const known = {
  name: "known",
  authenticate: { realm: "shop", anyOf: [{ mtls: {} }, { apiKey: { header: "x-api-key" } }], optional: true },
};

type Told = boolean | string | undefined;

/** What Envoy tells: the first name of each sort, and all of them. */
function told(mtls: Told, uri?: string, uris = uri, dns?: string, names = dns) {
  return {
    "connection.mtls": mtls,
    "connection.uri_san_peer_certificate": uri,
    "connection.dns_san_peer_certificate": dns,
    "filter_state.sluice.client-uris": uris,
    "filter_state.sluice.client-names": names,
  };
}

function outcomeOf(attributes: Record<string, Told>, headers: readonly (readonly [string, string])[] = []) {
  const vm = new ModuleVm(auth);
  expect(vm.configure(configurationOf([known], { consumers })), vm.lastError).toBe(true);
  const { properties } = vm.send({ route: "r", headers, attributes });
  return [properties["sluice.decision"]?.replace("known ", ""), properties["sluice.consumer"]];
}

const ACME = "spiffe://shop/acme";

test.each<readonly [string, string, string | undefined, Record<string, Told>]>([
  ["no TLS", "allowed anonymous", undefined, told(undefined)],
  ["no certificate, whatever else is told", "allowed anonymous", undefined, told(false, ACME)],
  ["one URI", "allowed authenticated", "acme", told(true, ACME)],
  ["one URI beside DNS names", "allowed authenticated", "acme", told(true, ACME, ACME, "a.test", "a.test,b.test")],
  [
    "one DNS name, in any letter case",
    "allowed authenticated",
    "globex",
    told(true, undefined, undefined, "GloBex.test"),
  ],
  ["two URIs", "denied ambiguous-credential", undefined, told(true, ACME, `${ACME},spiffe://shop/b`)],
  [
    "two URIs, of which one has a comma",
    "denied ambiguous-credential",
    undefined,
    told(true, "spiffe://x/", `spiffe://x/,a,${ACME}`),
  ],
  ["one URI with a comma", "denied unknown-credential", undefined, told(true, `spiffe://x/,${ACME}`)],
  ["an empty URI in front", "denied ambiguous-credential", undefined, told(true, "", `,${ACME}`)],
  [
    "two DNS names",
    "denied ambiguous-credential",
    undefined,
    told(true, undefined, undefined, "globex.test", "globex.test,b.test"),
  ],
  ["a URI without a scheme", "denied ambiguous-credential", undefined, told(true, "globex.test")],
  [
    "a DNS name that looks like a URI",
    "denied ambiguous-credential",
    undefined,
    told(true, undefined, undefined, ACME),
  ],
  [
    "a URI of nobody beside the DNS name of somebody",
    "denied unknown-credential",
    undefined,
    told(true, "spiffe://x", "spiffe://x", "globex.test"),
  ],
  ["no name", "denied ambiguous-credential", undefined, told(true)],
  ["a name with a space", "denied ambiguous-credential", undefined, told(true, "spiffe://shop/a b")],
  [
    "a name longer than 2048 bytes",
    "denied ambiguous-credential",
    undefined,
    told(true, `spiffe://${"a".repeat(2040)}`),
  ],
  [
    "names that no filter in front has told",
    "denied ambiguous-credential",
    undefined,
    { ...told(true, ACME), "filter_state.sluice.client-uris": undefined },
  ],
])("%s: %s", (_, decision, consumer, attributes) => {
  expect(outcomeOf(attributes)).toEqual([decision, consumer]);
});

test("what the request itself carries comes first, good or bad", () => {
  expect(outcomeOf(told(true, "spiffe://nobody"), [["x-api-key", "k"]])).toEqual(["allowed authenticated", "acme"]);
  expect(outcomeOf(told(true, ACME), [["x-api-key", "wrong"]])).toEqual(["denied unknown-credential", undefined]);
});

test("rules ask for the one name, and know nothing where there are several", () => {
  const vm = new ModuleVm(auth);
  const rule = allowing(["==", ["get", "source.principal"], ACME]);
  expect(vm.configure(configurationOf([rule], { consumers: [] })), vm.lastError).toBe(true);
  const passed = (attributes: Record<string, Told>) => vm.send({ route: "r", attributes }).passed;
  expect([told(true, ACME), told(true, ACME, `${ACME},b:`), told(false), told(true)].map(passed)).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

test.each([
  [
    { name: "a", credentials: [{ certificate: { san: ACME } }, { certificate: { san: ACME } }] },
    "is a name that a consumer already has",
  ],
  [{ name: "a", credentials: [{ certificate: { san: "" } }] }, "is too short"],
  [{ name: "a", credentials: [{ certificate: { san: "a b" } }] }, "must be visible ASCII"],
  [
    { name: "a", credentials: [{ certificate: { san: ACME }, apiKey: digestOf("k") }] },
    "must be an object with one member",
  ],
  [{ name: "a", credentials: [{}] }, "must be an object with one member"],
])("%j is no consumer", (consumer, problem) => {
  const vm = new ModuleVm(auth);
  expect(vm.configure(configurationOf([known], { consumers: [consumer] }))).toBe(false);
  expect(vm.lastError).toContain(problem);
});
