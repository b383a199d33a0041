import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { instantiateAssembly } from "../../test/support/assembly.js";
import { isRight, Keys } from "../../test/support/keys.js";
import { ALGORITHMS, Tokens } from "../../test/support/tokens.js";
import { wycheproofGroups } from "../../test/support/wycheproof.js";

// Tokens, keys and sets of keys of Wycheproof: each is read here, and verified here (HMAC) or with OpenSSL by what is handed out for Envoy.

const Jwk = z.looseObject({ alg: z.string().optional() });
const Key = z.union([z.object({ keys: z.array(Jwk) }), Jwk.transform((key) => ({ keys: [key] }))]);
/** The JSON serialization is an object. */
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
};

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
  const cases = wycheproofGroups(file, total, Group).flatMap((group) => {
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
