import type { JsonObject } from "./plan.js";

/** A key, as it is in the environment of Envoy or by its SHA-256. */
export type KeyReference = { from: "environment"; variable: string } | { from: "digest"; sha256: string };

/** What proves that a request comes from a consumer; one member each. */
export type Credential = { apiKey: KeyReference };

/** By what a credential is found: no two of one kind may have the same. */
export function identifierOf({ apiKey }: Credential): { kind: "apiKey"; identifier: string } {
  return { kind: "apiKey", identifier: apiKeyText(apiKey) };
}

/** Variables of the environment that it refers to. */
export function variablesOf({ apiKey }: Credential): string[] {
  return apiKey.from === "environment" ? [apiKey.variable] : [];
}

/** As modules read it (filters/modules/README.md). */
export function credentialConfiguration({ apiKey }: Credential): JsonObject {
  return { apiKey: apiKeyText(apiKey) };
}

/** What a variable holds in tests, where real secrets are never needed. */
export function testValueOf(variable: string): string {
  return `test-value-of-${variable}`;
}

function apiKeyText(key: KeyReference): string {
  return key.from === "environment" ? `env:${key.variable}` : `sha256:${key.sha256}`;
}
