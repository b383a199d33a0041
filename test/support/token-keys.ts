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

function rsaKey(kid: string, alg: string): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
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
