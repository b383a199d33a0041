import { beforeAll, describe, expect, it } from "vitest";
import { instantiateAssembly } from "../../test/support/assembly.js";
import { isRight, Keys } from "../../test/support/keys.js";
import { ALGORITHMS, Tokens } from "../../test/support/tokens.js";
import { wycheproofGroups } from "../../test/support/wycheproof.js";
import { DEVIATIONS, SignedGroup } from "../../test/support/wycheproof-tokens.js";

// Tokens, keys and sets of keys of Wycheproof: each is read here, and verified here (HMAC) or with OpenSSL by what is handed out for Envoy.

let tokens: Tokens;
let keys: Keys;
beforeAll(async () => {
  const lib = await instantiateAssembly("filters/lib/auth-probe.ts");
  tokens = new Tokens(lib);
  keys = new Keys(lib);
});

const FILES = [
  { file: "json-web-signature", total: 401, foreign: 77 },
  { file: "json-web-key", total: 26, foreign: 5 },
  { file: "json-web-crypto", total: 83, foreign: 34 },
];

describe.each(FILES)("$file", ({ file, total, foreign }) => {
  const cases = wycheproofGroups(file, total, SignedGroup).flatMap((group) => {
    // What would be published; of secrets, the secret.
    const set = group.public ?? group.private;
    const supported = set.keys.every(({ alg }) => alg === undefined || ALGORITHMS.some((known) => known === alg));
    return group.tests.map(({ tcId, jws, jwe, result }) => ({
      name: `${file} ${tcId}`,
      set,
      supported: supported && jwe === "",
      token: jws === "" ? jwe : jws,
      valid: result === "valid",
    }));
  });

  it("is judged as it says, but for what is written down", () => {
    const judged = cases.filter(({ supported }) => supported);
    const wrong = judged.filter(({ set, token, valid }) => isRight(tokens, keys, set, token) !== valid);
    const known = Object.keys(DEVIATIONS).filter((name) => name.startsWith(file));
    expect(wrong.map(({ name }) => name)).toEqual(known);
  });

  it("is refused where the algorithm or the form is none of ours", () => {
    const others = cases.filter(({ supported }) => !supported);
    expect(others.length).toBe(foreign);
    expect(others.filter(({ set, token }) => isRight(tokens, keys, set, token)).map(({ name }) => name)).toEqual([]);
  });
});
