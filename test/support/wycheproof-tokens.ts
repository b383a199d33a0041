import { z } from "zod";
import { wycheproofGroups } from "./wycheproof.js";

// Tokens and keys of Wycheproof, as modules are asked about them. What was signed there need not be what a token says: so a token whose payload is looked at
// was found to be signed.

const Jwk = z.looseObject({ kty: z.string(), alg: z.string().optional() });
type Key = z.output<typeof Jwk>;
const Keys = z.union([z.object({ keys: z.array(Jwk) }), Jwk.transform((key) => ({ keys: [key] }))]);
/** The JSON serialization is an object. */
const Token = z
  .union([z.string(), z.looseObject({}).transform((value) => JSON.stringify(value))])
  .optional()
  .transform((text) => text ?? "");
/** Tokens of a file with the keys that they are signed by. */
export const SignedGroup = z.object({
  comment: z.string(),
  private: Keys,
  public: Keys.optional(),
  tests: z.array(z.object({ tcId: z.number(), jws: Token, jwe: Token, result: z.enum(["valid", "invalid"]) })),
});

/** Judged otherwise than they say, wherever a token is read, and why. */
export const DEVIATIONS: Readonly<Record<string, string>> = {
  "json-web-signature 259": "an empty payload is no JSON object",
  "json-web-signature 264": "an empty payload is no JSON object",
  "json-web-signature 268": "an empty payload is no JSON object",
  "json-web-signature 367": "is the same text as 357, which is valid",
  "json-web-signature 370": "is the same text as 357, which is valid",
  "json-web-signature 372": "is said to be valid with a `?` in its header",
  "json-web-signature 373": "is said to be valid with a `?` in its payload",
};

/** The same of modules. */
const DEVIATIONS_OF_MODULES: typeof DEVIATIONS = {
  ...DEVIATIONS,
  "json-web-key 1": "a secret may stand beside public keys, as it is in the environment",
  "json-web-crypto 47": "a secret may stand beside public keys, as it is in the environment",
};

export const ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "HS256", "HS384", "HS512"];
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  RSA: ["kty", "kid", "alg", "n", "e"],
  EC: ["kty", "kid", "alg", "crv", "x", "y"],
  oct: ["kty", "kid", "alg"],
};
const UNSIGNED =
  /denied (malformed-credential|duplicate-credential|token-(too-long|parts|encoding|header|algorithm|extension|key|signature))$/;

/** A key as modules have it; a secret stands in a variable. */
export function configured(key: Key, variable: string): Record<string, unknown> {
  const members = MEMBERS[key.kty] ?? ["kty"];
  const kept = Object.fromEntries(members.flatMap((name) => (key[name] === undefined ? [] : [[name, key[name]]])));
  return key.kty === "oct" ? { alg: "HS256", ...kept, k: `env:${variable}` } : kept;
}

/** By file of the corpora: how many tests there are, and how many tokens are good at least. */
export const TOKEN_FILES = [
  { file: "json-web-signature", total: 401, least: 25 },
  { file: "json-web-key", total: 26, least: 3 },
  { file: "json-web-crypto", total: 83, least: 0 },
];

export interface TokenGroup {
  /** Whether its keys are by algorithms that modules know. */
  isForeign: boolean;
  /** The `jwt` method that knows its keys. */
  jwt: Record<string, unknown>;
  /** Secrets by variable. */
  environment: Record<string, string>;
  tests: readonly { id: string; token: string /** Whether the token is to be found signed. */; valid: boolean }[];
}

/** The groups of a file, each with a policy that knows its keys. Variables differ over all groups of all files. */
export function tokenGroups({ file, total }: (typeof TOKEN_FILES)[number]): TokenGroup[] {
  return wycheproofGroups(file, total, SignedGroup).map((group, index) => {
    const { keys } = group.public ?? group.private;
    const isForeign = !keys.every(({ alg }) => alg === undefined || ALGORITHMS.includes(alg));
    // What the compiler passes over. Modules are not told what a key is for.
    const verifying = keys.filter(({ use = "sig", key_ops: operations = ["verify"] }) => {
      return use === "sig" && Array.isArray(operations) && operations.some((one) => one === "verify" || one === "sign");
    });
    const named = verifying.map((key, position) => ({
      key,
      variable: `KEY_${file}_${index}_${position}`.toUpperCase().replaceAll("-", "_"),
    }));
    return {
      isForeign,
      jwt: {
        issuer: "joe",
        audiences: ["a"],
        algorithms: ALGORITHMS,
        keys: named.map(({ key, variable }) => configured(key, variable)),
      },
      environment: Object.fromEntries(named.map(({ key, variable }) => [variable, String(key.k ?? "")])),
      tests: group.tests.map(({ tcId, jws, jwe, result }) => ({
        id: `${file} ${tcId}`,
        token: jws === "" ? jwe : jws,
        // What is by other algorithms, or is encrypted, is refused whatever it is.
        valid: result === "valid" && !isForeign && jwe === "",
      })),
    };
  });
}

/** Whether a decision was taken after the signature was found good. */
export function isAfterSignature(decision: string): boolean {
  return !UNSIGNED.test(decision);
}

/** What of a file is judged otherwise than it says. */
export function deviationsOf({ file }: (typeof TOKEN_FILES)[number]): string[] {
  return Object.keys(DEVIATIONS_OF_MODULES).filter((one) => one.startsWith(`${file} `));
}
