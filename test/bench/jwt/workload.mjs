import { createHmac, createSign, generateKeyPairSync } from "node:crypto";
import { CALLS_PER_SECOND, LIMIT_NAME, requestBytes } from "../workload.mjs";

/*
 * Callers with tokens of one issuer. What they claim names nobody: a hundred subjects, which a header tells the upstream and a limit counts by.
 */

export const ISSUER = "https://id.example.com/";
export const AUDIENCE = "orders";
export const SUBJECTS = 100;
export const PATH = "/orders/42?expand=lines";
export const VARIABLE = "BENCH_JWT_SECRET";
const SECRET = "a secret of the bench, of more than thirty-two bytes";
/** Tokens that are looked at once: far more than any cache of the bench holds, so that by the time one comes again it is forgotten. */
const FRESH = 6_000;
const CACHED = 1_024;

export const environment = { [VARIABLE]: SECRET };

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const jwk = { ...publicKey.export({ format: "jwk" }), kid: "bench", alg: "RS256", use: "sig" };

/** By set: what is measured, the keys in both forms, whether tokens come again. */
export const SETS = {
  "rs256-cached": { title: "RS256, tokens that were seen before", algorithm: "RS256", cached: true },
  "rs256-first": { title: "RS256, tokens that come for the first time", algorithm: "RS256", cached: false },
  "hs256-first": { title: "HS256, tokens that come for the first time", algorithm: "HS256", cached: false },
};

/** Keys of the issuer as Envoy's filter reads them. */
export function nativeKeys({ algorithm }) {
  const secret = { kty: "oct", kid: "bench", alg: "HS256", k: Buffer.from(SECRET).toString("base64url") };
  return { keys: [algorithm === "RS256" ? jwk : secret] };
}

export const cacheSize = ({ cached }) => (cached ? CACHED : 0);

/** A rule that every request of the bench keeps, in the words of a policy and in those of Envoy's filter. */
const FURTHER = 'request.path.startsWith("/orders/") && request.method != "DELETE"';

/**
 * The policy file that `sluice` is compiled from.
 *
 * @param {number} further how many `authorize` policies stand between the rules and the limit
 */
export function policyText(set, further = 0) {
  const names = Array.from({ length: further }, (_, index) => `further-${index}`);
  const keys = set.algorithm === "RS256" ? `jwks: ${JSON.stringify({ keys: [jwk] })}` : `secret: env:${VARIABLE}`;
  return `apiVersion: sluice/v1
kind: Gateway
name: bench
listeners:
  guard: { address: 127.0.0.1:10000 }
services:
  upstream: { endpoints: [127.0.0.1:10001] }
policies:
  tokens:
    authenticate:
      anyOf:
        - jwt: { issuer: "${ISSUER}", audiences: [${AUDIENCE}], algorithms: [${set.algorithm}], ${keys}, claimsToHeaders: { sub: x-user-id }, cache: ${cacheSize(set)} }
  readers-and-drafts:
    authorize:
      rules:
        - { name: readers, allow: 'request.method == "GET"' }
        - { name: drafts, allow: 'request.method == "POST" && request.path.startsWith("/orders/drafts/")' }
      otherwise: deny
${names.map((name) => `  ${name}: { authorize: { rules: [{ name: only, allow: '${FURTHER}' }], otherwise: deny } }\n`).join("")}  ${LIMIT_NAME}:
    rateLimit: { key: [auth.subject], rate: ${CALLS_PER_SECOND}/second, headers: [ietf, retry-after] }
routes:
  - { name: orders, match: { path: /orders/** }, to: upstream, apply: [${["tokens", "readers-and-drafts", ...names, LIMIT_NAME].join(", ")}] }
`;
}

/**
 * @param {{ first: number, count: number }} [some] which tokens; by itself as many as the set has
 * @returns {string[]} latin1
 */
export function requestsOf(set, { first, count } = { first: 0, count: set.cached ? SUBJECTS : FRESH }) {
  const tokens = Array.from({ length: count }, (_, index) => tokenOf(set, first + index));
  return tokens.map((token) =>
    requestBytes({ path: PATH, more: [["authorization", `Bearer ${token}`]] }).toString("latin1"),
  );
}

export function tokenOf({ algorithm }, index) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: ISSUER,
    sub: subjectOf(index),
    aud: [AUDIENCE],
    iat: now - 60,
    exp: now + 3600,
    jti: `bench-${index}`,
    scope: "orders:read orders:write",
    realm_access: { roles: ["buyer", "reader"] },
  };
  const text = [{ alg: algorithm, kid: "bench", typ: "JWT" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature =
    algorithm === "RS256"
      ? createSign("sha256").update(text).sign(privateKey)
      : createHmac("sha256", SECRET).update(text).digest();
  return `${text}.${signature.toString("base64url")}`;
}

export function subjectOf(index) {
  return `user-${String(index % SUBJECTS).padStart(4, "0")}`;
}
