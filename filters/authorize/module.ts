import { z } from "zod";
import type { ModulePart } from "../../compiler/policy/kind.js";
import { exactlyOneOf, name } from "../../compiler/policy/values.js";

/** What modules read of an `authorize`. */
export const inModule: ModulePart = {
  identifies: false,
  mayOpen: false,
  tellsByFilterState: false,
  config: ({ condition }) =>
    z.strictObject({
      rules: z
        .array(
          z
            .strictObject({
              name: name.describe("Shown in decisions, once in a policy."),
              allow: condition.optional().describe("Lets the request pass if it is true."),
              deny: condition.optional().describe("Refuses the request if it is true or unknown."),
            })
            .meta(exactlyOneOf("allow", "deny")),
        )
        .max(1024)
        .describe("The first one that decides holds."),
      otherwise: z.enum(["allow", "deny"]).describe("What holds if no rule decides."),
    }),
};
