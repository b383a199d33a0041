import { z } from "zod";
import type { ModulePart } from "../../compiler/policy/kind.js";
import { FORMS, TOLD } from "./context.js";
import { REDACTABLE, TAG_NAME, TAKEN } from "./span.js";

const ratio = z.int().min(0).max(1_000_000).describe("Of a million traces so many are sampled.");

/** What modules read of a `tracing`. */
export const inModule: ModulePart = {
  identifies: false,
  mayOpen: true,
  alone: true,
  tellsByFilterState: false,
  tells: TOLD,
  exports: true,
  config: ({ condition, told, tail }) =>
    z
      .strictObject({
        propagate: z
          .array(z.enum(FORMS))
          .min(1)
          .max(FORMS.length)
          .meta({ uniqueItems: true })
          .describe("Forms that are read first, in this order; with `results: headers` also those that are written."),
        ratio,
        perSecond: z
          .int()
          .min(1)
          .max(100_000)
          .optional()
          .describe("Most sampled traces in a second; required where there is an `export`."),
        parent: z.boolean().optional().meta({ default: true }).describe("Whether a caller's decision holds."),
        rules: z
          .array(z.strictObject({ when: condition.describe("Requests that it holds for."), ratio }))
          .max(64)
          .optional()
          .describe("The first that is true decides in the place of `ratio`."),
        always: z
          .strictObject({
            noted: z.array(told.condition).max(16).describe("Conditions that are decided with the request."),
            when: tail.describe('Asked at the end of the stream; `["noted", i]` is what came of one of them.'),
          })
          .optional()
          .describe("What is kept although it is not sampled."),
        tags: z
          .array(
            z.strictObject({
              name: z
                .string()
                .regex(TAG_NAME)
                .meta({ not: { enum: TAKEN } })
                .describe("Name of the attribute; none that spans have by themselves."),
              value: told.value.describe("A string, an integer or a bool."),
            }),
          )
          .max(16)
          .optional()
          .describe("Attributes of the span."),
        redact: z
          .array(z.enum(REDACTABLE))
          .meta({ uniqueItems: true })
          .optional()
          .describe("Attributes of the span that are left out."),
        baggage: z.boolean().optional().meta({ default: true }).describe("Whether `baggage` is handed on."),
        export: z.int().min(0).max(7).optional().describe("Index of one of `exporters`; without it no span is made."),
      })
      .meta({ dependencies: { export: ["perSecond"] } }),
};
