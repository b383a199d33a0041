import type { JsonObject } from "./plan.js";

/** A key, as it is in the environment of Envoy or by its SHA-256. */
export type KeyReference = { from: "environment"; variable: string } | { from: "digest"; sha256: string };

/** Who somebody is to an issuer of tokens, or to any issuer. */
export interface TokenSubject {
  subject: string;
  issuer?: string | undefined;
}

/** What proves that a request comes from a consumer; one member each. */
export type Credential =
  | { apiKey: KeyReference }
  | { basic: BasicCredential }
  /** The one name in a client certificate: a URI, or a DNS name in small letters. */
  | { certificate: { san: string } }
  /** A secret that signs requests, in a variable of the environment, and how signatures name it. */
  | { hmac: { keyId: string; variable: string } }
  | { jwt: TokenSubject };

/** A user, and by what its password is known: the text that `sluice hash` writes. */
export interface BasicCredential {
  user: string;
  verifier: string;
}

const API_KEY: readonly string[] = ["apiKey"];
const BASIC: readonly string[] = ["basic", "user"];
const CERTIFICATE: readonly string[] = ["certificate", "san"];
const HMAC: readonly string[] = ["hmac", "keyId"];
const JWT: readonly string[] = ["jwt"];

/** By what a credential is found: no two of one kind may have the same. */
export function identifierOf(credential: Credential): { path: readonly string[]; identifier: string } {
  if ("basic" in credential) return { path: BASIC, identifier: credential.basic.user };
  if ("certificate" in credential) return { path: CERTIFICATE, identifier: credential.certificate.san };
  if ("hmac" in credential) return { path: HMAC, identifier: credential.hmac.keyId };
  if ("apiKey" in credential) return { path: API_KEY, identifier: apiKeyText(credential.apiKey) };
  const { issuer = "", subject } = credential.jwt;
  return { path: JWT, identifier: JSON.stringify([issuer, subject]) };
}

/** Variables of the environment that it refers to. */
export function variablesOf(credential: Credential): string[] {
  if ("hmac" in credential) return [credential.hmac.variable];
  return "apiKey" in credential && credential.apiKey.from === "environment" ? [credential.apiKey.variable] : [];
}

/** As modules read it (filters/modules/README.md). */
export function credentialConfiguration(credential: Credential): JsonObject {
  if ("basic" in credential) return { basic: { ...credential.basic } };
  if ("certificate" in credential) return { certificate: { san: credential.certificate.san } };
  if ("hmac" in credential) {
    const { keyId, variable } = credential.hmac;
    return { hmac: { keyId, secret: `env:${variable}` } };
  }
  if ("apiKey" in credential) return { apiKey: apiKeyText(credential.apiKey) };
  const { issuer, subject } = credential.jwt;
  return { jwt: { subject, ...(issuer === undefined ? {} : { issuer }) } };
}

/** What a variable holds in tests, where real secrets are never needed. */
export function testValueOf(variable: string): string {
  return `test-value-of-${variable}`;
}

function apiKeyText(key: KeyReference): string {
  return key.from === "environment" ? `env:${key.variable}` : `sha256:${key.sha256}`;
}
