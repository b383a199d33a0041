import {
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import { base64url, type Json } from "./tokens.js";

// Keys of an issuer, and tokens that it signs.

export type Members = Readonly<Record<string, Json>>;

/** A key with what is published of it. */
export interface SigningKey {
  alg: string;
  kid: string;
  /** As modules and policies have it, without `kid`. */
  jwk: Readonly<Record<string, string>>;
  sign(text: string): Buffer;
}

const rsaPair = (modulusLength: number) => generateKeyPairSync("rsa", { modulusLength });

function rsaKey(kid: string, alg: string, { publicKey, privateKey } = rsaPair(2048)): SigningKey {
  const { n = "", e = "" } = publicKey.export({ format: "jwk" });
  return { alg, kid, jwk: { kty: "RSA", n, e }, sign: (text) => sign(hashOf(alg), Buffer.from(text), privateKey) };
}

const CURVES = {
  ES256: { name: "prime256v1", crv: "P-256", bytes: 32 },
  ES384: { name: "secp384r1", crv: "P-384", bytes: 48 },
};

/** The same in every run. */
function ecKey(kid: string, alg: keyof typeof CURVES): SigningKey {
  const { name, crv, bytes } = CURVES[alg];
  const pair = createECDH(name);
  pair.setPrivateKey(createHash("sha512").update(kid).digest().subarray(0, bytes));
  const point = pair.getPublicKey();
  const [x, y] = [point.subarray(1, 1 + bytes), point.subarray(1 + bytes)].map((part) => part.toString("base64url"));
  const jwk = { kty: "EC", crv, x: x ?? "", y: y ?? "" };
  const d = pair
    .getPrivateKey()
    .toString("base64url")
    .padStart(Math.ceil((bytes * 4) / 3), "A");
  const key: KeyObject = createPrivateKey({ key: { ...jwk, d }, format: "jwk" });
  return { alg, kid, jwk, sign: (text) => sign(hashOf(alg), Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }) };
}

/** Of a secret that stands in the environment as it is. */
export function secretKey(alg: string, secret: string | Buffer, variable: string): SigningKey {
  const jwk = { kty: "oct", alg, secret: `env:${variable}` };
  return { alg, kid: "", jwk, sign: (text) => createHmac(hashOf(alg), secret).update(text).digest() };
}

function hashOf(alg: string): string {
  return `sha${alg.slice(2)}`;
}

/** Made once: a modulus takes a while. */
export const TOKEN_KEYS = {
  rsa: rsaKey("rsa", "RS256"),
  otherRsa: rsaKey("other-rsa", "RS256"),
  ec: ecKey("ec", "ES256"),
  ec384: ecKey("ec384", "ES384"),
  otherEc: ecKey("other-ec", "ES256"),
};

/** Keys for each algorithm of tokens that there is, of RSA also of each size that is in use, and the variables that secrets stand in. It takes a second to make them. */
export function keysOfAllAlgorithms() {
  const rsa = [2048, 3072, 4096].flatMap((bits) => {
    const pair = rsaPair(bits);
    return ["RS256", "RS384", "RS512"].map((alg) => {
      const key = rsaKey(`${alg}-${bits}`, alg, pair);
      return { ...key, jwk: { ...key.jwk, alg } };
    });
  });
  const environment: Record<string, string> = {};
  const secrets = Object.entries({ HS256: 32, HS384: 48, HS512: 64 }).map(([alg, bytes]): SigningKey => {
    const secret = Buffer.alloc(bytes, `a secret for ${alg}, and for nothing else, of as many bytes as `);
    const variable = `${alg}_SECRET`;
    environment[variable] = secret.toString("base64url");
    return { ...secretKey(alg, secret, variable), kid: alg, jwk: { kty: "oct", alg, k: `env:${variable}` } };
  });
  return { publicKeys: [...rsa, ecKey("ES256", "ES256"), ecKey("ES384", "ES384")], secrets, environment };
}

/** The token with one bit of it changed: in its signature, from the first byte to the last, and in its claims. */
export function changedTokens(token: string): string[] {
  const parts = token.split(".").map((part) => Buffer.from(part, "base64url"));
  const lengthOf = (index: number) => parts[index]?.length ?? 0;
  const places = [
    [2, 0],
    [2, lengthOf(2) >> 1],
    [2, lengthOf(2) - 1],
    [1, lengthOf(1) >> 1],
  ] as const;
  return places.map(([index, at]) => {
    const changed = parts.map((part) => Buffer.from(part));
    const part = changed[index] ?? Buffer.of();
    part[at] = (part[at] ?? 0) ^ 1;
    return changed.map((bytes) => bytes.toString("base64url")).join(".");
  });
}

/** What is published of a key. */
export function published({ jwk, kid }: SigningKey): Record<string, string> {
  return kid === "" ? { ...jwk } : { ...jwk, kid };
}

/** A token by a key; the header can be anything. */
export function tokenBy(key: SigningKey, claims: Members | string, header: Members | string = {}): string {
  const named = key.kid === "" ? {} : { kid: key.kid };
  const first = typeof header === "string" ? header : JSON.stringify({ alg: key.alg, ...named, ...header });
  const second = typeof claims === "string" ? claims : JSON.stringify(claims);
  const text = `${base64url(first)}.${base64url(second)}`;
  return `${text}.${key.sign(text).toString("base64url")}`;
}
