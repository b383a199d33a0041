import {
  fragmentJsonSchema,
  gatewayJsonSchema,
  type JsonSchema,
  jsonSchemaOf,
} from "../../compiler/policy/json-schema.js";
import { suiteSchema } from "../../compiler/testing/suite.js";
import { kinds } from "../../filters/index.js";

/** The schemas of the three sorts of files, by the name under which `sluice schema` prints them. */
export const schemas: Readonly<Record<"gateway" | "fragment" | "test", JsonSchema>> = {
  gateway: gatewayJsonSchema(kinds),
  fragment: fragmentJsonSchema(kinds),
  test: jsonSchemaOf(suiteSchema, "Sluice test"),
};
