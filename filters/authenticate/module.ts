import { z } from "zod";
import type { BodyPart, ModulePart } from "../../compiler/policy/kind.js";
import { exactlyOneOf } from "../../compiler/policy/values.js";
import { METHODS } from "./methods/index.js";
import { realm } from "./methods/realm.js";

/** What modules read of an `authenticate`. */
export const inModule: ModulePart = {
  identifies: true,
  mayOpen: false,
  tellsByFilterState: false,
  config: ({ textAttribute }) =>
    z.strictObject({
      realm: realm.describe("Told in `WWW-Authenticate`: ASCII without quotes and backslashes."),
      anyOf: z
        .array(
          z
            .strictObject({
              apiKey: METHODS.apiKey.config.optional(),
              basic: METHODS.basic.config.optional(),
              hmac: METHODS.hmac.config.optional(),
              introspect: METHODS.introspect.config.optional(),
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
      lockout: z
        .strictObject({
          key: z
            .array(textAttribute)
            .min(1)
            .max(8)
            .describe("What failures are counted by, known before anybody signs in."),
          failures: z.int().min(1).max(1_000_000).describe("Of which more in a period lock out."),
          periodMs: z.int().min(1_000).max(2_678_400_000).describe("Milliseconds, 31 days at most."),
        })
        .optional()
        .describe("Locks out who fails too often; nobody without this key."),
    }),
};

/** What the body stage reads of one whose callers sign a digest of the body. */
export const inBody: BodyPart = {
  config: z.strictObject({
    contentDigest: z
      .strictObject({
        maxBody: z.int().min(1).max(16_777_216).describe("Bytes that a body with a digest may have."),
      })
      .describe("Bodies are compared with the `content-digest` of their request."),
  }),
};
