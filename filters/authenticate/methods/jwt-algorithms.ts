/** Algorithms of RFC 7518, section 3.1, that are verified; in the order of the reference. */
export const ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "HS256", "HS384", "HS512"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export function isAlgorithm(text: unknown): text is Algorithm {
  return ALGORITHMS.some((known) => known === text);
}

export type KeyType = "RSA" | "EC" | "oct";

/** The keys that it is used with. */
export function keyTypeOf(algorithm: Algorithm): KeyType {
  if (algorithm.startsWith("RS")) return "RSA";
  return algorithm.startsWith("ES") ? "EC" : "oct";
}

/** Bytes of a coordinate, and the algorithm that a curve is for. */
export const CURVES = {
  "P-256": { bytes: 32, algorithm: "ES256" },
  "P-384": { bytes: 48, algorithm: "ES384" },
} as const;

/** The hash of an algorithm, as `node:crypto` names it. */
export function hashOf(algorithm: Algorithm): string {
  return `sha${algorithm.slice(2)}`;
}
