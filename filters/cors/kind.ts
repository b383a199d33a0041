import { z } from "zod";
import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import type { OriginPattern } from "../../compiler/plan/native.js";
import { defineKind } from "../../compiler/policy/kind.js";
import { duration, headerName, httpMethod } from "../../compiler/policy/values.js";
import { lintOf, sharedSuffix } from "./lint.js";
import { modelOf } from "./model.js";
import { isPlainHttp, parseOrigin } from "./origin.js";

interface Origin {
  text: string;
  pattern: OriginPattern;
}

const origin = z
  .string()
  .max(320)
  .transform((text, context): Origin => {
    const pattern = parseOrigin(text);
    if (typeof pattern !== "string") return { text, pattern };
    context.addIssue({ code: "custom", message: pattern });
    return z.NEVER;
  });

/** Methods that browsers let scripts use without asking first (the Fetch standard, section 2.2.1). */
const WITHOUT_ASKING = ["GET", "HEAD", "POST"];

const schema = z
  .strictObject({
    origins: z
      .array(origin)
      .min(1)
      .max(64)
      .describe("Origins whose scripts may call: a whole one, every name below a domain, or `*` for any.")
      .meta({ examples: [["https://shop.example.com"], ["https://*.example.com"], ["*"]] }),
    methods: z
      .array(httpMethod)
      .min(1)
      .max(32)
      .default(WITHOUT_ASKING)
      .describe("Methods that scripts may use.")
      .meta({ examples: [["GET", "POST", "DELETE"]] }),
    headers: z
      .array(headerName)
      .max(64)
      .default([])
      .describe("Request headers that scripts may send, besides those that need no leave.")
      .meta({ examples: [["content-type", "x-api-key"]] }),
    expose: z
      .array(headerName)
      .max(64)
      .default([])
      .describe("Response headers that scripts may read, besides those that need no leave.")
      .meta({ examples: [["x-total"]] }),
    credentials: z
      .boolean()
      .default(false)
      .describe(
        "Lets browsers send their cookies along. An API key that a script sends in a header needs none of this.",
      ),
    maxAge: duration
      .refine((milliseconds) => milliseconds % 1_000 === 0, "browsers count whole seconds, such as 10m")
      .optional()
      .describe("How long a browser may remember the answer to a preflight; 5 seconds in most, if absent.")
      .meta({ examples: ["10m"] }),
  })
  .describe("Which scripts of other origins may call, as far as browsers ask.");

export const cors = defineKind({
  name: "cors",
  summary: "tells browsers which other origins may call, and answers their preflights",
  schema,
  plan(spec, context) {
    const any = spec.origins.findIndex(({ pattern }) => pattern.form === "any");
    if (spec.credentials && any >= 0) {
      const related = [{ message: "credentials are allowed here", span: context.place(["credentials"]) }];
      context.report(diagnose("SL0425", { policy: context.policy }, context.place(["origins", any]), { related }));
      return undefined;
    }
    for (const [index, { text, pattern }] of spec.credentials ? spec.origins.entries() : []) {
      const place = context.place(["origins", index]);
      const suffix = sharedSuffix(pattern);
      if (isPlainHttp(text)) context.report(diagnose("SL0426", { origin: text }, place));
      if (suffix !== undefined) context.report(diagnose("SL0436", { suffix }, place));
    }
    return {
      phase: "cors",
      provides: [],
      requires: [],
      readsHeaders: [],
      readsNamed: [],
      config: {},
      native: {
        filter: "cors",
        origins: spec.origins.map(({ pattern }) => pattern),
        methods: unique(spec.methods),
        headers: unique(spec.headers),
        expose: unique(spec.expose),
        credentials: spec.credentials,
        ...(spec.maxAge === undefined ? {} : { maxAgeSeconds: spec.maxAge / 1_000 }),
      },
      removeRequestHeaders: [],
      requestHeaders: [],
      responseHeaders: [],
      lint: lintOf(context.policy),
      decide: modelOf(spec.origins.map(({ pattern }) => pattern)),
    };
  },
});

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
