import { z } from "zod";
import type { Coding, CompressPlan } from "../../compiler/plan/native.js";
import { defineKind } from "../../compiler/policy/kind.js";
import { size } from "../../compiler/policy/values.js";
import { lintOf } from "./lint.js";
import { modelOf } from "./model.js";

const CODINGS = { brotli: "br", gzip: "gzip", zstd: "zstd" } as const satisfies Record<string, Coding>;

/** What texts mostly come as. */
const TEXTS = [
  "application/javascript",
  "application/json",
  "application/problem+json",
  "application/xhtml+xml",
  "application/xml",
  "image/svg+xml",
  "text/css",
  "text/html",
  "text/javascript",
  "text/plain",
  "text/xml",
];

const unique = (values: readonly string[]) => new Set(values).size === values.length;

const mediaType = z
  .string()
  .max(127)
  .regex(
    /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/,
    "a media type is written in lower case and without parameters, such as text/html",
  )
  .refine((type) => !type.startsWith("application/grpc"), "gRPC has a compression of its own, which this would break");

const schema = z
  .strictObject({
    algorithms: z
      .array(z.enum(["brotli", "gzip", "zstd"]))
      .min(1)
      .refine(unique, "an algorithm is named twice")
      .default(["brotli", "gzip"])
      .describe("In which forms answers may be sent. The first is taken where the client takes it as well as another."),
    contentTypes: z
      .array(mediaType)
      .min(1)
      .max(64)
      .default(TEXTS)
      .describe("Media types of answers that are compressed.")
      .meta({ examples: [["text/html", "application/json"]] }),
    minBytes: size
      .refine((bytes) => bytes >= 64 && bytes <= 1_048_576, "64 bytes to 1Mi: less does not get smaller")
      .prefault("1Ki")
      .describe("Answers that are shorter stay as they are; 64 to 1Mi."),
  })
  .describe("Which answers are compressed for clients that take it.");

export const compress = defineKind({
  name: "compress",
  summary: "compresses answers for clients that take it",
  schema,
  plan({ algorithms, contentTypes, minBytes }, context) {
    const native: CompressPlan = {
      filter: "compressor",
      codings: algorithms.map((algorithm) => CODINGS[algorithm]),
      contentTypes: [...new Set(contentTypes)],
      minBytes,
    };
    return {
      phase: "compress",
      provides: [],
      requires: [],
      readsHeaders: [],
      readsNamed: [],
      config: {},
      native,
      removeRequestHeaders: [],
      requestHeaders: [],
      responseHeaders: [],
      lint: lintOf(context.policy, native, context.place),
      decide: modelOf(native),
    };
  },
});
