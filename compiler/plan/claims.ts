import { AMBIGUOUS } from "../expression/evaluate.js";

// What a claim is in an expression and in a header: `composeClaim` of filters/lib/jwt-header.ts in words.

/** @param path names with spaces between them */
export function claimAt(claims: unknown, path: string): unknown {
  let value = claims;
  for (const name of path.split(" ")) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    value = Object.entries(value).find(([key]) => key === name)?.[1];
  }
  return value;
}

/** The value of a claim as a text; ambiguous for what has none. */
export function claimText(claim: unknown): string | typeof AMBIGUOUS | undefined {
  switch (typeof claim) {
    case "string":
      return claim;
    case "number":
    case "boolean":
      return String(claim);
    default:
      return claim === undefined || claim === null ? undefined : AMBIGUOUS;
  }
}

/** The elements of a claim: one of a text; ambiguous for what is no list of texts. */
export function claimList(claim: unknown): string[] | typeof AMBIGUOUS | undefined {
  if (claim === undefined || claim === null) return undefined;
  if (typeof claim === "string") return [claim];
  if (!Array.isArray(claim)) return AMBIGUOUS;
  const texts = claim.filter((one) => typeof one === "string");
  return texts.length === claim.length ? texts : AMBIGUOUS;
}
