import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type CompiledModule, loadModule, ModuleVm } from "../../test/support/module-host.js";
import { configurationOf } from "../../test/support/module-policies.js";
import { wycheproofGroups } from "../../test/support/wycheproof.js";

// Tokens and keys of Wycheproof through the modules that ship, whose host verifies by OpenSSL. What was signed there need not be what a token says: so a token
// whose payload is looked at was found to be signed.

const Jwk = z.looseObject({ kty: z.string(), alg: z.string().optional() });
const Key = z.union([z.object({ keys: z.array(Jwk) }), Jwk.transform((key) => ({ keys: [key] }))]);
const Token = z
  .union([z.string(), z.looseObject({}).transform((value) => JSON.stringify(value))])
  .optional()
  .transform((text) => text ?? "");
const Group = z.object({
  comment: z.string(),
  private: Key,
  public: Key.optional(),
  tests: z.array(z.object({ tcId: z.number(), jws: Token, jwe: Token, result: z.enum(["valid", "invalid"]) })),
});

/** Judged otherwise than they say, and why. */
const DEVIATIONS: Record<string, string> = {
  "json-web-signature 259": "an empty payload is no JSON object",
  "json-web-signature 264": "an empty payload is no JSON object",
  "json-web-signature 268": "an empty payload is no JSON object",
  "json-web-signature 367": "is the same text as 357, which is valid",
  "json-web-signature 370": "is the same text as 357, which is valid",
  "json-web-signature 372": "is said to be valid with a `?` in its header",
  "json-web-signature 373": "is said to be valid with a `?` in its payload",
  "json-web-key 1": "a secret may stand beside public keys, as it is in the environment",
  "json-web-crypto 47": "a secret may stand beside public keys, as it is in the environment",
};

const ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "HS256", "HS384", "HS512"];
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  RSA: ["kty", "kid", "alg", "n", "e"],
  EC: ["kty", "kid", "alg", "crv", "x", "y"],
  oct: ["kty", "kid", "alg"],
};
const UNSIGNED =
  /denied (malformed-credential|duplicate-credential|token-(too-long|parts|encoding|header|algorithm|extension|key|signature))$/;

const modules = new Map<"guard" | "auth", CompiledModule>();
beforeAll(async () => {
  for (const name of ["guard", "auth"] as const) modules.set(name, await loadModule(name));
});

/** A key as modules have it; a secret stands in a variable. */
function configured(key: z.output<typeof Jwk>, index: number): Record<string, unknown> {
  const members = MEMBERS[key.kty] ?? ["kty"];
  const kept = Object.fromEntries(members.flatMap((name) => (key[name] === undefined ? [] : [[name, key[name]]])));
  return key.kty === "oct" ? { alg: "HS256", ...kept, k: `env:KEY_${index}` } : kept;
}

/** The module with the keys of a group; undefined if it takes none of them. */
function opened(module: CompiledModule, keys: readonly z.output<typeof Jwk>[]): ModuleVm | undefined {
  // What the compiler passes over. Modules are not told what a key is for.
  const verifying = keys.filter(({ use = "sig", key_ops: operations = ["verify"] }) => {
    return use === "sig" && Array.isArray(operations) && operations.some((one) => one === "verify" || one === "sign");
  });
  const environment = Object.fromEntries(verifying.map((key, index) => [`KEY_${index}`, String(key.k ?? "")]));
  const vm = new ModuleVm(module, { environment });
  const jwt = { issuer: "joe", audiences: ["a"], algorithms: ALGORITHMS, keys: verifying.map(configured) };
  const known = { name: "known", authenticate: { realm: "a", anyOf: [{ jwt }] } };
  return vm.configure(configurationOf([known], { consumers: [] })) ? vm : undefined;
}

const FILES = [
  { file: "json-web-signature", total: 401, least: 25 },
  { file: "json-web-key", total: 26, least: 3 },
  { file: "json-web-crypto", total: 83, least: 0 },
];

describe.each(["guard", "auth"] as const)("%s.wasm", (name) => {
  it.each(FILES)("finds $file signed as it says, but for what is written down", ({ file, total, least }) => {
    const module = modules.get(name);
    if (module === undefined) throw new Error("the module is there");
    const wrong: string[] = [];
    let taken = 0;
    for (const group of wycheproofGroups(file, total, Group)) {
      const { keys } = group.public ?? group.private;
      const vm = opened(module, keys);
      const isForeign = !keys.every(({ alg }) => alg === undefined || ALGORITHMS.includes(alg));
      for (const { tcId, jws, jwe, result } of group.tests) {
        const token = jws === "" ? jwe : jws;
        const { properties } = vm?.send({ route: "r", headers: [["authorization", `Bearer ${token}`]] }) ?? {};
        const signed = properties !== undefined && !UNSIGNED.test(properties["sluice.decision"] ?? "denied token-key");
        if (signed) taken++;
        // What is by other algorithms, or is encrypted, is refused whatever it is.
        const valid = result === "valid" && !isForeign && jwe === "";
        if (signed !== valid) wrong.push(`${file} ${tcId}`);
      }
    }
    expect(wrong).toEqual(Object.keys(DEVIATIONS).filter((one) => one.startsWith(file)));
    expect(taken).toBeGreaterThanOrEqual(least);
  });
});
