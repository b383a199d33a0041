import { beforeAll, describe, expect, it } from "vitest";
import { type CompiledModule, loadModule, ModuleVm } from "../../test/support/module-host.js";
import { configurationOf } from "../../test/support/module-policies.js";
import { deviationsOf, isAfterSignature, TOKEN_FILES, tokenGroups } from "../../test/support/wycheproof-tokens.js";

// Tokens and keys of Wycheproof through the modules that ship, whose host verifies by OpenSSL. `test/e2e/jwt-wycheproof.test.ts` does so in Envoy.

const modules = new Map<"guard" | "auth", CompiledModule>();
beforeAll(async () => {
  for (const name of ["guard", "auth"] as const) modules.set(name, await loadModule(name));
});

describe.each(["guard", "auth"] as const)("%s.wasm", (name) => {
  it.each(TOKEN_FILES)("finds $file signed as it says, but for what is written down", (file) => {
    const module = modules.get(name);
    if (module === undefined) throw new Error("the module is there");
    const wrong: string[] = [];
    let taken = 0;
    for (const { jwt, environment, tests } of tokenGroups(file)) {
      const vm = new ModuleVm(module, { environment });
      const known = { name: "known", authenticate: { realm: "a", anyOf: [{ jwt }] } };
      const isTaken = vm.configure(configurationOf([known], { consumers: [] }));
      for (const { id, token, valid } of tests) {
        const headers = [["authorization", `Bearer ${token}`]] as const;
        const { properties } = isTaken ? vm.send({ route: "r", headers }) : {};
        const signed =
          properties !== undefined && isAfterSignature(properties["sluice.decision"] ?? "denied token-key");
        if (signed) taken++;
        if (signed !== valid) wrong.push(id);
      }
    }
    expect(wrong).toEqual(deviationsOf(file));
    expect(taken).toBeGreaterThanOrEqual(file.least);
  });
});
