import { beforeAll, describe, expect, it } from "vitest";
import { type CompiledModule, loadModule, ModuleVm } from "../../test/support/module-host.js";
import { changedTokens, keysOfAllAlgorithms, tokenBy } from "../../test/support/token-keys.js";
import { ALLOWED, configuration, decisionOf, GOOD, NOW } from "../../test/support/token-module.js";

// Tokens by each algorithm, and by RSA keys of each size, through the modules that ship. `test/e2e/jwt-algorithms.test.ts` does so in Envoy.

const { publicKeys, secrets, environment } = keysOfAllAlgorithms();

const modules = new Map<"guard" | "auth", CompiledModule>();
beforeAll(async () => {
  for (const name of ["guard", "auth"] as const) modules.set(name, await loadModule(name));
});

describe.each(["guard", "auth"] as const)("%s.wasm", (name) => {
  it.each([...publicKeys, ...secrets])("lets a token by $kid in, and none with one bit changed", (key) => {
    const module = modules.get(name);
    if (module === undefined) throw new Error("the module is there");
    const vm = new ModuleVm(module, { environment, wallClock: { now: BigInt(NOW) * 1_000_000_000n } });
    expect(vm.configure(configuration({ keys: [...publicKeys, ...secrets] })), vm.lastError).toBe(true);
    const token = tokenBy(key, GOOD);
    expect(decisionOf(vm, token)).toBe(ALLOWED);
    for (const changed of changedTokens(token)) expect(decisionOf(vm, changed)).toBe("denied token-signature");
    // By the hash of another algorithm it is not signed either, and its key is for one alone.
    const others = ["RS256", "RS384", "RS512", "ES256", "ES384", "HS256", "HS384", "HS512"].filter(
      (alg) => alg !== key.alg,
    );
    for (const alg of others) expect(decisionOf(vm, tokenBy(key, GOOD, { alg })), alg).toBe("denied token-key");
  });
});
