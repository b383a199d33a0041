import type { JsonObject } from "./plan.js";

/** A key, as it is in the environment of Envoy or by its SHA-256. */
export type KeyReference = { from: "environment"; variable: string } | { from: "digest"; sha256: string };

/** Who somebody is to an issuer of tokens, or to any issuer. */
export interface TokenSubject {
  subject: string;
  issuer?: string | undefined;
}

/** What proves that a request comes from a consumer; one member each. */
export type Credential = { apiKey: KeyReference } | { jwt: TokenSubject };

/** By what a credential is found: no two of one kind may have the same. */
export function identifierOf(credential: Credential): { kind: "apiKey" | "jwt"; identifier: string } {
  if ("apiKey" in credential) return { kind: "apiKey", identifier: apiKeyText(credential.apiKey) };
  const { issuer = "", subject } = credential.jwt;
  return { kind: "jwt", identifier: JSON.stringify([issuer, subject]) };
}

/** Variables of the environment that it refers to. */
export function variablesOf(credential: Credential): string[] {
  return "apiKey" in credential && credential.apiKey.from === "environment" ? [credential.apiKey.variable] : [];
}

/** As modules read it (filters/modules/README.md). */
export function credentialConfiguration(credential: Credential): JsonObject {
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
