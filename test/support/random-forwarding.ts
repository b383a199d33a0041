import fc from "fast-check";

/** Copies, which tests on Envoy leave out: what counts is that the file is taken. */
export const mirror = fc
  .record(
    { service: fc.constantFrom("alpha", "beta"), percent: fc.constantFrom("100%", "5%", "0.25%", "0%") },
    { requiredKeys: ["service"] },
  )
  .map((one) => [one]);
