import { z } from "zod";
import type { BodyLimitPlan } from "../../compiler/plan/native.js";
import { defineKind } from "../../compiler/policy/kind.js";
import { size } from "../../compiler/policy/values.js";
import { modelOf } from "./model.js";

/** As many bytes of one request are held in memory; a client may have a hundred requests under way. */
const MOST_BYTES = 64 * 1_048_576;

const schema = z
  .strictObject({
    bytes: size
      .refine((bytes) => bytes <= MOST_BYTES, "a body is held in memory: at most 64Mi")
      .describe("Bytes that a body may have; at most 64Mi."),
  })
  .describe("How large the bodies of requests may be.");

export const bodyLimit = defineKind({
  name: "bodyLimit",
  summary: "refuses requests whose body is too large, before a service hears of them",
  schema,
  plan({ bytes }) {
    const native: BodyLimitPlan = { filter: "buffer", bytes };
    return {
      phase: "bodyLimit",
      provides: [],
      requires: [],
      readsHeaders: [],
      readsNamed: [],
      config: {},
      native,
      removeRequestHeaders: [],
      requestHeaders: [],
      responseHeaders: [],
      decide: modelOf(native),
    };
  },
});
