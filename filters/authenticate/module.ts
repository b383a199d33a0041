import { z } from "zod";
import type { ModulePart } from "../../compiler/policy/kind.js";
import { METHODS } from "./methods/index.js";
import { realm } from "./methods/realm.js";

/** What modules read of an `authenticate`. */
export const inModule: ModulePart = {
  identifies: true,
  mayOpen: false,
  tellsByFilterState: false,
  config: () =>
    z.strictObject({
      realm: realm.describe("Told in `WWW-Authenticate`: ASCII without quotes and backslashes."),
      anyOf: z
        .array(
          z.union([z.strictObject({ apiKey: METHODS.apiKey.config }), z.strictObject({ basic: METHODS.basic.config })]),
        )
        .min(1)
        .max(8)
        .meta({ uniqueItems: true })
        .describe("The method whose credential is present decides."),
      optional: z
        .boolean()
        .optional()
        .meta({ default: false })
        .describe("Lets requests without any credential pass as anonymous."),
    }),
};
