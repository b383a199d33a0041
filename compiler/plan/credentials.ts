import type { JsonObject } from "./plan.js";

/** A key, as it is in the environment of Envoy or by its SHA-256. */
export type KeyReference = { from: "environment"; variable: string } | { from: "digest"; sha256: string };

/** What proves that a request comes from a consumer; one member each. */
export type Credential = { apiKey: KeyReference } | { basic: BasicCredential };

/** A user, and by what its password is known: the text that `sluice hash` writes. */
export interface BasicCredential {
  user: string;
  verifier: string;
}

/** By what a credential is found: no two of one kind may have the same. */
export function identifierOf(credential: Credential): { kind: "apiKey" | "basic"; identifier: string } {
  if ("basic" in credential) return { kind: "basic", identifier: credential.basic.user };
  return { kind: "apiKey", identifier: apiKeyText(credential.apiKey) };
}

/** Variables of the environment that it refers to. */
export function variablesOf(credential: Credential): string[] {
  return "apiKey" in credential && credential.apiKey.from === "environment" ? [credential.apiKey.variable] : [];
}

/** As modules read it (filters/modules/README.md). */
export function credentialConfiguration(credential: Credential): JsonObject {
  if ("basic" in credential) return { basic: { ...credential.basic } };
  return { apiKey: apiKeyText(credential.apiKey) };
}

/** What a variable holds in tests, where real secrets are never needed. */
export function testValueOf(variable: string): string {
  return `test-value-of-${variable}`;
}

function apiKeyText(key: KeyReference): string {
  return key.from === "environment" ? `env:${key.variable}` : `sha256:${key.sha256}`;
}
