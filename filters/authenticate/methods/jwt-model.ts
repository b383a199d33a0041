import { createHmac, createPublicKey, verify } from "node:crypto";
import { z } from "zod";
import { claimAt } from "../../../compiler/plan/claims.js";
import type { ConsumerPlan } from "../../../compiler/plan/plan.js";
import type { RequestView } from "../../../compiler/request/verdict.js";
import { type Algorithm, hashOf, isAlgorithm, keyTypeOf } from "./jwt-algorithms.js";
import { bytesOf, type JwtKey } from "./jwt-keys.js";
import type { KnownIssuer } from "./jwt-tokens.js";
import type { MethodModel, MethodVerdict } from "./method.js";
import { uniqueNames } from "./unique-names.js";

/** What a method knows of the tokens that it takes. */
export interface KnownKeys extends KnownIssuer {
  keys: readonly JwtKey[];
  /** The service that has others, or all of them; undefined where there are no others. */
  elsewhere: string | undefined;
  algorithms: readonly Algorithm[];
  /** Seconds. */
  skew: number;
}

/** `assembly/jwt.ts` in words. Never shows a token. */
export function modelOf(known: KnownKeys): MethodModel {
  return {
    look(view) {
      const values = view.header("authorization");
      const present = values.length === 1 && isBearer(values[0] ?? "");
      return { present, reason: { text: `header authorization ${sightOf(values)}` } };
    },
    judge: (view) => judge(known, view),
  };
}

function isBearer(value: string): boolean {
  return /^bearer( |$)/i.test(value);
}

function sightOf(values: readonly string[]): string {
  if (values.length === 0) return "is absent";
  if (values.length > 1) return `is there ${values.length} times`;
  return isBearer(values[0] ?? "") ? "has a bearer token" : "has no bearer token";
}

function judge(known: KnownKeys, view: RequestView): MethodVerdict {
  const token = (view.header("authorization")[0] ?? "").slice("bearer ".length);
  if (token === "") return denied("malformed-credential", "there is no token behind Bearer");
  if (token.includes(",")) return denied("duplicate-credential", "the token has a comma, as joined headers have");
  const read = readToken(token);
  if ("refusal" in read) return denied(read.refusal, read.why);
  const { header, payload } = read;
  const algorithm = header.alg;
  if (!isAlgorithm(algorithm) || !known.algorithms.includes(algorithm))
    return denied("token-algorithm", "the token is signed by an algorithm that this policy does not take");
  const key = keyFor(known.keys, header.kid, algorithm);
  if (key === undefined && known.elsewhere !== undefined)
    return {
      outcome: "open",
      reason: "token-key",
      summary: `whether the token is signed cannot be told, as the keys are those that the service ${known.elsewhere} publishes; name the caller with --as`,
    };
  if (key === undefined) return denied("token-key", "no key of the policy is the one that the token means");
  const signed = isSigned(key, algorithm, read, view);
  if (signed === "unknown")
    return {
      outcome: "open",
      reason: "token-signature",
      summary:
        "whether the token is signed cannot be told, as the secret is not set here; set it, or name the caller with --as",
    };
  if (!signed) return denied("token-signature", "the token is not signed by the key that it means");
  if (payload === undefined)
    return denied("token-payload", "the payload of the token is no JSON object whose names differ");
  return judgeClaims(known, payload, view);
}

function denied(reason: string, summary: string): MethodVerdict {
  return { outcome: "denied", reason, summary };
}

const Header = z.looseObject({ alg: z.string(), kid: z.string().max(256).optional(), typ: z.string().optional() });

interface Read {
  header: z.output<typeof Header>;
  payload: Readonly<Record<string, unknown>> | undefined;
  signed: string;
  signature: Buffer;
}

const LONGEST = 16_384;

function readToken(token: string): Read | { refusal: string; why: string } {
  if (Buffer.byteLength(token) > LONGEST) return { refusal: "token-too-long", why: "the token is too long" };
  const parts = token.split(".");
  if (parts.length !== 3 || parts.some((part) => part === ""))
    return { refusal: "token-parts", why: "the token does not have three parts" };
  const [first, , third] = parts.map(bytesOf);
  if (first === undefined || third === undefined)
    return { refusal: "token-encoding", why: "the token is no base64url without padding" };
  const object = objectOf(first);
  if (object === undefined) return { refusal: "token-header", why: "the header of the token is no JSON object" };
  if (["crit", "b64", "zip"].some((name) => Object.hasOwn(object, name)))
    return { refusal: "token-extension", why: "the token has extensions that change what it says" };
  const header = Header.safeParse(object);
  if (!header.success)
    return typeof object.alg === "string"
      ? { refusal: "token-header", why: "a member of the header is not what it has to be" }
      : { refusal: "token-algorithm", why: "the token names no algorithm" };
  const payload = bytesOf(parts[1]);
  return {
    header: header.data,
    payload: payload === undefined ? undefined : objectOf(payload),
    signed: `${parts[0]}.${parts[1]}`,
    signature: third,
  };
}

function objectOf(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value) || !uniqueNames(text)) return undefined;
    return Object.fromEntries(Object.entries(value));
  } catch {
    return undefined;
  }
}

/** The one key that a token means: by `kid`, else the only one that fits (filters/lib/jwks.ts). */
function keyFor(keys: readonly JwtKey[], kid: string | undefined, algorithm: Algorithm): JwtKey | undefined {
  const named = kid !== undefined && keys.some((key) => key.kid === kid);
  const meant = keys.filter((key) => (named ? key.kid === kid : kid === undefined || key.kid === undefined));
  const [found, second] = meant.filter((key) => key.algorithms.includes(algorithm));
  return second === undefined ? found : undefined;
}

function isSigned(
  { config }: JwtKey,
  algorithm: Algorithm,
  { signed, signature }: Read,
  view: RequestView,
): boolean | "unknown" {
  if (keyTypeOf(algorithm) === "oct") {
    const secret = secretOf(config, view);
    if (secret === undefined) return "unknown";
    return createHmac(hashOf(algorithm), secret).update(signed).digest().equals(signature);
  }
  try {
    const key = createPublicKey({ key: { ...config }, format: "jwk" });
    return verify(hashOf(algorithm), Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }, signature);
  } catch {
    return false;
  }
}

function secretOf({ k, secret }: JwtKey["config"], { variable }: RequestView): Buffer | undefined {
  const reference = typeof k === "string" ? k : secret;
  const value = typeof reference === "string" ? variable(reference.slice("env:".length)) : undefined;
  if (value === undefined || value === "") return undefined;
  return typeof k === "string" ? bytesOf(value) : Buffer.from(value);
}

const Text = z.union([z.string(), z.array(z.string())]);
const Claims = z.looseObject({
  exp: z.number(),
  nbf: z.number().optional(),
  iat: z.number().optional(),
  iss: z.string().optional(),
  sub: z.string().optional(),
  jti: z.string().optional(),
  aud: Text.optional(),
  scope: Text.optional(),
  scp: Text.optional(),
});
/** The last second of the year 9999. */
const LATEST = 253_402_300_799;

function judgeClaims(known: KnownKeys, payload: Readonly<Record<string, unknown>>, view: RequestView): MethodVerdict {
  const { data: claims } = Claims.safeParse(payload);
  if (claims === undefined)
    return Object.hasOwn(payload, "exp")
      ? denied("token-claim", "a claim of the token is not of its type")
      : denied("token-without-expiry", "the token does not say when it expires");
  const { exp, nbf = 0, iat = 0 } = claims;
  if ([exp, nbf, iat].some((time) => time < 0 || time > LATEST))
    return denied("token-claim", "a time of the token is out of range");
  if (claims.iss !== known.issuer) return denied("token-issuer", "the token is by another issuer");
  if (!listOf(claims.aud).some((one) => known.audiences.includes(one)))
    return denied("token-audience", "the token is for somebody else");
  const time = view.attribute("request.time", undefined);
  const now = typeof time === "number" ? Math.floor(time / 1000) : 0;
  if (Math.floor(exp) + known.skew <= now) return denied("token-expired", "the token has expired");
  if (Math.ceil(nbf) > now + known.skew) return denied("token-not-yet-valid", "the token is not valid yet");
  if (Math.ceil(iat) > now + known.skew) return denied("token-issued-ahead", "the token was issued in the future");
  return allowed(known, claims, view);
}

function allowed(known: KnownKeys, claims: z.output<typeof Claims>, view: RequestView): MethodVerdict {
  const consumer = consumerOf(known, claimAt(claims, known.consumer), view.consumers);
  const { sub: subject } = claims;
  const scopes = [claims.scope, claims.scp].flatMap((one) =>
    typeof one === "string" ? one.split(" ").filter((word) => word !== "") : (one ?? []),
  );
  const who =
    consumer === undefined ? "it is for nobody whom the gateway knows as a consumer" : `it is that of ${consumer.name}`;
  return {
    outcome: "allowed",
    caller: {
      method: "jwt",
      issuer: known.issuer,
      scopes,
      claims,
      ...(consumer === undefined ? {} : { consumer }),
      ...(subject === undefined ? {} : { subject }),
    },
    summary: `the token is good, and ${who}`,
  };
}

function listOf(text: string | string[] | undefined): string[] {
  return typeof text === "string" ? [text] : (text ?? []);
}

function consumerOf(
  { issuer }: KnownKeys,
  subject: unknown,
  consumers: readonly ConsumerPlan[],
): ConsumerPlan | undefined {
  const has = (of: string | undefined) =>
    consumers.find(({ credentials }) =>
      credentials.some((one) => "jwt" in one && one.jwt.subject === subject && one.jwt.issuer === of),
    );
  return has(issuer) ?? has(undefined);
}
