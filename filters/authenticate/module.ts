import { z } from "zod";
import type { ModulePart } from "../../compiler/policy/kind.js";
import { exactlyOneOf } from "../../compiler/policy/values.js";
import { METHODS } from "./methods/index.js";

/** What modules read of an `authenticate`. */
export const inModule: ModulePart = {
  identifies: true,
  mayOpen: false,
  tellsByFilterState: false,
  config: () =>
    z.strictObject({
      realm: z
        .string()
        .regex(/^[ !#-[\]-~]{1,128}$/)
        .describe("Told in `WWW-Authenticate`: ASCII without quotes and backslashes."),
      anyOf: z
        .array(
          z
            .strictObject({
              apiKey: METHODS.apiKey.config.optional(),
              hmac: METHODS.hmac.config.optional(),
              jwt: METHODS.jwt.config.optional(),
              mtls: METHODS.mtls.config.optional(),
            })
            .meta(exactlyOneOf(...Object.keys(METHODS))),
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
