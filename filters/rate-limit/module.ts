import { z } from "zod";
import type { ModulePart } from "../../compiler/policy/kind.js";
import { identity } from "../../compiler/policy/values.js";

const window = {
  count: z.int().min(1).max(1_000_000_000).describe("Calls in a period; a million a second at most."),
  periodMs: z.int().min(1).max(2_678_400_000).describe("Milliseconds, 31 days at most."),
  burst: z.int().min(1).max(1_000_000_000).describe("Calls at once."),
};

/** The most windows of one rate. */
export const MOST_WINDOWS = 4;

const windows = {
  windows: z
    .array(z.strictObject(window))
    .min(2)
    .max(MOST_WINDOWS)
    .describe("Several that all must hold, no two of one period in whole seconds."),
};

/** Powers of two. */
const SLOTS = Array.from({ length: 18 }, (_, index) => 8 << index);

/** What modules read of a `rateLimit`. */
export const inModule: ModulePart = {
  identifies: false,
  mayOpen: true,
  tellsByFilterState: true,
  config: ({ answer, integerOperation, textAttribute }) => {
    const tier = { tier: identity.describe("Whose rate this is, once in a policy.") };
    const body = z.strictObject({
      key: z.array(textAttribute).max(8).describe("What calls are counted by; nothing: one bucket for each route."),
      rates: z
        .array(z.union([z.strictObject({ ...tier, ...window }), z.strictObject({ ...tier, ...windows })]))
        .max(1_024)
        .optional()
        .describe("Rates by tier."),
      default: z
        .union([z.strictObject(window), z.strictObject(windows)])
        .optional()
        .describe("The rate of everybody else; without it there are no rates."),
      inFlight: z
        .int()
        .min(1)
        .max(1_000_000)
        .optional()
        .describe("How many calls may be in flight at once, by the same key; any number without this key."),
      cost: z
        .union([z.int().min(1).max(1_000_000_000), integerOperation])
        .optional()
        .meta({ default: 1 })
        .describe(
          "What a call costs, in calls: a number, or an operation that has one. Less than 1 is 1; unknown is as much as the burst.",
        ),
      answerCost: z
        .union([z.int(), answer])
        .optional()
        .describe("What an answer says that its call costs more. Less than 1 and unknown are nothing."),
      penalize: z.boolean().optional().meta({ default: false }).describe("Whether calls that are refused cost too."),
      shared: z
        .boolean()
        .optional()
        .meta({ default: false })
        .describe("Whether all routes that run the policy have one count."),
      headers: z
        .array(z.enum(["ietf", "retry-after", "x-ratelimit"]))
        .max(3)
        .meta({ uniqueItems: true })
        .optional()
        .describe("What clients are told; nothing without this key."),
      jitter: z
        .int()
        .min(1)
        .max(3600)
        .optional()
        .describe("The most seconds that `Retry-After` is longer by chance; none without this key."),
      slots: z
        .literal(SLOTS)
        .optional()
        .meta({ default: 65_536 })
        .describe("How many keys are counted at once: a power of two from 8 to 1,048,576."),
    });
    // Rates by tier stand beside that of everybody else, and something has to be limited.
    return body.meta({
      allOf: [
        { anyOf: [{ required: ["default"] }, { required: ["inFlight"] }] },
        { anyOf: [{ required: ["default"] }, { not: { required: ["rates"] } }] },
      ],
    });
  },
};
