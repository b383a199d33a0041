import { z } from "zod";
import type { ModulePart } from "../../compiler/policy/kind.js";
import { identity } from "../../compiler/policy/values.js";

const rate = {
  count: z.int().min(1).max(1_000_000_000).describe("Calls in a period; a million a second at most."),
  periodMs: z.int().min(1).max(2_678_400_000).describe("Milliseconds, 31 days at most."),
  burst: z.int().min(1).max(1_000_000_000).describe("Calls at once."),
};

/** Powers of two. */
const SLOTS = Array.from({ length: 18 }, (_, index) => 8 << index);

/** What modules read of a `rateLimit`. */
export const inModule: ModulePart = {
  identifies: false,
  mayOpen: true,
  tellsByFilterState: true,
  config: ({ textAttribute }) =>
    z.strictObject({
      key: z.array(textAttribute).max(8).describe("What calls are counted by; nothing: one bucket for each route."),
      rates: z
        .array(z.strictObject({ tier: identity.describe("Whose rate this is, once in a policy."), ...rate }))
        .max(64)
        .optional()
        .describe("Rates by tier."),
      default: z.strictObject(rate).describe("The rate of everybody else."),
      headers: z
        .array(z.enum(["ietf", "retry-after"]))
        .max(2)
        .meta({ uniqueItems: true })
        .optional()
        .describe("What clients are told; nothing without this key."),
      slots: z
        .literal(SLOTS)
        .optional()
        .meta({ default: 65_536 })
        .describe("How many keys are counted at once: a power of two from 8 to 1,048,576."),
    }),
};
