import { beforeAll, describe, expect, it } from "vitest";
import { type JoseExample, joseExamples } from "../../test/support/jose-tokens.js";
import { type CompiledModule, loadModule, ModuleVm } from "../../test/support/module-host.js";
import { configurationOf } from "../../test/support/module-policies.js";
import { ALGORITHMS, configured } from "../../test/support/wycheproof-tokens.js";

// The tokens of RFC 7515, RFC 7519, RFC 7520 and RFC 8037 through the modules that ship. None is let in: what is signed as it should be is prose, or is for nobody,
// and a decision on that is taken after the signature was found good.

/** When the claims of RFC 7519, section 3.1 still held. */
const NOW = 1_300_819_000n * 1_000_000_000n;

const examples = joseExamples();
/** The key of RFC 7519, section 3.1. */
const known = examples.find(({ from }) => from === "RFC 7519, section 3.1")?.key ?? { kty: "" };

/** Of the types and algorithms that modules have keys for. */
const isKeyOfOurs = ({ key }: JoseExample) =>
  key !== null && key.kty !== "OKP" && key.crv !== "P-521" && key.alg !== "RSA-OAEP";

function expected({ form, algorithm, from }: JoseExample): string {
  switch (form) {
    case "json":
    case "flattened":
      // By its commas: those who join repeated headers put them there.
      return "denied duplicate-credential";
    case "detached":
    case "unsecured":
    case "encrypted":
      return "denied token-parts";
    case "compact":
      if (!ALGORITHMS.includes(algorithm)) return "denied token-algorithm";
      return from.startsWith("RFC 7520") ? "denied token-payload" : "denied token-audience";
  }
}

const modules = new Map<"guard" | "auth", CompiledModule>();
beforeAll(async () => {
  for (const name of ["guard", "auth"] as const) modules.set(name, await loadModule(name));
});

/** A module that knows one key; undefined if it does not take it. */
function open(name: "guard" | "auth", key: NonNullable<JoseExample["key"]>): ModuleVm | undefined {
  const module = modules.get(name);
  if (module === undefined) throw new Error("the module is there");
  const vm = new ModuleVm(module, { environment: { KEY: String(key.k ?? "") }, wallClock: { now: NOW } });
  const jwt = { issuer: "joe", audiences: ["a"], algorithms: ALGORITHMS, keys: [configured(key, "KEY")] };
  const policy = { name: "known", authenticate: { realm: "a", anyOf: [{ jwt }] } };
  return vm.configure(configurationOf([policy], { consumers: [] })) ? vm : undefined;
}

describe.each(["guard", "auth"] as const)("%s.wasm", (name) => {
  it.each(examples)("refuses $name, by $algorithm", (example) => {
    const vm = open(name, isKeyOfOurs(example) ? (example.key ?? known) : known);
    const outcome = vm?.send({ route: "r", headers: [["authorization", `Bearer ${example.token}`]] });
    expect(outcome?.properties["sluice.decision"]).toBe(`known ${expected(example)}`);
    expect(outcome?.reply?.status).toBe(401);
    expect(outcome?.passed).toBe(false);
  });

  it("does not start with a key that it cannot verify by", () => {
    const foreign = examples.filter((example) => example.key !== null && !isKeyOfOurs(example));
    expect(new Set(foreign.map(({ algorithm }) => algorithm))).toEqual(new Set(["ES512", "RSA-OAEP", "EdDSA"]));
    for (const { key, name: of } of foreign) expect(open(name, key ?? known), of).toBeUndefined();
  });
});
