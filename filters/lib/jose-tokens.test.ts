import { constants, createPublicKey, verify } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { instantiateAssembly } from "../../test/support/assembly.js";
import { type JoseExample, joseExamples } from "../../test/support/jose-tokens.js";
import { isRight, Keys } from "../../test/support/keys.js";
import { ALGORITHMS, Tokens, VALID } from "../../test/support/tokens.js";

// The tokens of the RFCs. Prose is what RFC 7520 signs, so it is their signatures that are looked at here; `filters/modules/jose-tokens.test.ts` has what becomes
// of them in a module.

let tokens: Tokens;
let keys: Keys;
beforeAll(async () => {
  const lib = await instantiateAssembly("filters/lib/auth-probe.ts");
  tokens = new Tokens(lib);
  keys = new Keys(lib);
});

const examples = joseExamples();
const isOurs = ({ form, algorithm }: JoseExample) =>
  form === "compact" && ALGORITHMS.some((known) => known === algorithm);
const ours = examples.filter(isOurs);
const others = examples.filter((example) => !isOurs(example));

const setOf = ({ key }: JoseExample) => ({ keys: key === null ? [] : [key] });

it("the RFCs have tokens that are for us, and others", () => {
  expect(ours.map(({ from, algorithm }) => [from, algorithm])).toEqual([
    ["RFC 7520, section 4.1", "RS256"],
    ["RFC 7520, section 4.4", "HS256"],
    ["RFC 7519, section 3.1", "HS256"],
    ["RFC 7515, appendix A.2", "RS256"],
    ["RFC 7515, appendix A.3", "ES256"],
  ]);
  expect(others).toHaveLength(25);
});

describe.each(ours)("$name, by $algorithm", (example) => {
  it("is right under its key", () => {
    expect(isRight(tokens, keys, setOf(example), example.token)).toBe(true);
  });

  it("is wrong under any other key of the RFCs, and with one bit of its signature changed", () => {
    for (const other of examples)
      if (other.key !== null && JSON.stringify(other.key) !== JSON.stringify(example.key))
        expect(isRight(tokens, keys, setOf(other), example.token), other.name).toBe(false);
    const [header, payload, signature = ""] = example.token.split(".");
    const bytes = Buffer.from(signature, "base64url");
    for (const at of [0, bytes.length >> 1, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const token = `${header}.${payload}.${changed.toString("base64url")}`;
      expect(isRight(tokens, keys, setOf(example), token), `byte ${at}`).toBe(false);
    }
  });
});

/** As OpenSSL judges the algorithms that are none of ours. */
function isSigned({ algorithm, key, token }: JoseExample): boolean {
  const [header, payload, signature = ""] = token.split(".");
  const text = Buffer.from(`${header}.${payload}`);
  const tag = Buffer.from(signature, "base64url");
  const publicKey = createPublicKey({ key: { ...key }, format: "jwk" });
  if (algorithm === "EdDSA") return verify(null, text, publicKey, tag);
  const hash = `sha${algorithm.slice(2)}`;
  if (algorithm.startsWith("ES")) return verify(hash, text, { key: publicKey, dsaEncoding: "ieee-p1363" }, tag);
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return verify(hash, text, { key: publicKey, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }, tag);
}

describe("what is not for us", () => {
  it("is refused by its form or by its algorithm", () => {
    for (const { name, form, token } of others)
      expect(tokens.read(token).refusal, name).toBe(form === "compact" ? "token-algorithm" : "token-parts");
    for (const example of others) expect(isRight(tokens, keys, setOf(example), example.token)).toBe(false);
  });

  it("is refused though it is signed as it should be", () => {
    const signed = others.filter(({ form }) => form === "compact");
    expect(signed.map(({ algorithm }) => algorithm)).toEqual(["PS384", "ES512", "PS256", "EdDSA", "ES512"]);
    for (const example of signed) {
      expect(isSigned(example), example.name).toBe(true);
      expect(tokens.read(example.token).refusal, example.name).toBe("token-algorithm");
    }
  });

  it("is no more than its form: one of detached content is right with its content in its place", () => {
    const whole = examples.find(({ from, form }) => from === "RFC 7520, section 4.4" && form === "compact");
    const detached = examples.find(({ form }) => form === "detached");
    const payload = whole?.token.split(".")[1] ?? "";
    expect(detached?.token.replace("..", `.${payload}.`)).toBe(whole?.token);
    expect(tokens.read(whole?.token ?? "").refusal).toBe(VALID);
  });
});
