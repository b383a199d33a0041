import { z } from "zod";

const LONGEST_TEXT = 4_096;

/** Of a span that stands under the one that the request brought, and of one that stands under none. */
export const CALLER = "caller";
export const NONE = "none";

const tagMatch = z
  .union([z.string().max(LONGEST_TEXT), z.boolean()])
  .describe("A value, `~regex`, `true` (present) or `false` (absent).");

const expectedSpan = z
  .strictObject({
    name: z.string().min(1).max(LONGEST_TEXT).describe("Its name: a text, or `~regex` for the whole of it."),
    kind: z
      .enum(["server", "client", "internal"])
      .optional()
      .describe("Of whose work it tells: of the gateway's for a client, of a service's for the gateway, or neither."),
    parent: z
      .string()
      .min(1)
      .max(LONGEST_TEXT)
      .optional()
      .describe(
        `Name of the span that it stands under; \`${CALLER}\`: the one that the request brought; \`${NONE}\`: it begins a trace.`,
      ),
    service: z.string().min(1).max(LONGEST_TEXT).optional().describe("Name of the service that it is a span of."),
    tags: z
      .record(z.string().min(1).max(256), tagMatch)
      .optional()
      .describe("Its tags, numbers as texts too; those that are not named are not looked at.")
      .meta({ examples: [{ "http.response.status_code": "200", customer: "acme", "url.path": false }] }),
    error: z.boolean().optional().describe("Whether it tells of a failure."),
  })
  .describe("A span that a collector gets.");

export const expectedSpans = z
  .union([z.literal(NONE), z.array(expectedSpan).min(1).max(256)])
  .describe(
    `Spans that collectors get of the request, all repetitions together, in any order and among others; \`${NONE}\`: they get none. In tests a share of traces that is sampled is all of them, unless it is 0%.`,
  )
  .meta({
    examples: [NONE, [{ name: "GET /orders/**", kind: "server", parent: CALLER, tags: { customer: "acme" } }]],
  });

export type ExpectedSpans = z.output<typeof expectedSpans>;
export type ExpectedSpan = z.output<typeof expectedSpan>;
