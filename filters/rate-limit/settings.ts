import { z } from "zod";
import { oneWindow, severalWindows } from "../../compiler/policy/rate.js";
import { duration, name, positiveDuration } from "../../compiler/policy/values.js";

/** As many as the module tells apart. */
const MOST_TIERS = 1_024;
/** As many as the module keeps in its tables. */
const MOST_PARTS = 8;
const MOST_COST = 1_000_000_000;
const MOST_IN_FLIGHT = 1_000_000;
const LONGEST_JITTER_MS = 3_600_000;
const LONGEST_TIMEOUT_MS = 10_000;
/** Of what is asked about a call. */
export const DEFAULT_TIMEOUT_MS = 50;

const rates = z.union([
  oneWindow,
  severalWindows,
  z
    .record(
      name,
      z
        .union([oneWindow, severalWindows])
        .describe("Rate of the callers of this tier; `default` is that of everybody else."),
    )
    .refine((rates) => Object.keys(rates).length <= MOST_TIERS, `at most ${MOST_TIERS} tiers`)
    .meta({ maxProperties: MOST_TIERS, required: ["default"] }),
]);

/** The keys that only limits of all gateways have. */
const globalKeys = {
  service: z
    .string()
    .optional()
    .describe("Of `scope: global`: the service under `services` that counts, a ratelimit service of Envoy."),
  timeout: positiveDuration
    .refine((milliseconds) => milliseconds <= LONGEST_TIMEOUT_MS, "at most 10s")
    .optional()
    .describe(
      `Of \`scope: global\`: how long its answer may take, at most 10s; ${DEFAULT_TIMEOUT_MS}ms without this key.`,
    ),
};

const ofRequest = z.union([z.int().min(1).max(MOST_COST), z.string().max(65_536)]);

const cost = z
  .union([
    ofRequest,
    z.strictObject({
      request: ofRequest.default(1).describe("What it costs at once, as `cost` alone would say."),
      response: z
        .string()
        .max(65_536)
        .describe(
          "What it costs more, by an expression over `response.status` and `response.headers`. It is charged when the answer begins, whatever is left; what comes to less than 1, or cannot be known, costs nothing more.",
        )
        .meta({ examples: ['int(response.headers["x-units"])', "response.status >= 500 ? 5 : 0"] }),
    }),
  ])
  .default(1)
  .describe(
    "What a call costs, in calls: a number, or an expression over the request that has one; or that and what the answer says. What comes to less than 1 costs 1; what cannot be known costs as much as any call that is let pass, the smallest burst.",
  )
  .meta({ examples: [5, 'request.method == "GET" ? 1 : 10', 'int(request.headers["x-units"])'] });

const jitter = duration
  .refine(
    (milliseconds) => milliseconds >= 1_000 && milliseconds <= LONGEST_JITTER_MS && milliseconds % 1_000 === 0,
    "whole seconds, at least 1s and at most 1h",
  )
  .optional()
  .describe(
    "Makes `Retry-After` longer by chance, by up to so much: then clients that were refused together do not come back together. None if absent.",
  )
  .meta({ examples: ["10s"] });

export const settings = z
  .strictObject({
    key: z
      .array(z.string().max(1024))
      .max(MOST_PARTS)
      .default([])
      .describe("Attributes that calls are counted by; none: one bucket per route.")
      .meta({ examples: [["auth.consumer"], ["source.ip", "request.method"]] }),
    rate: rates
      .optional()
      .describe(
        "Calls per period, such as `100/minute`, `10/second burst 20` or `100 per 15s`; a list of them, all of which hold; or a rate for each tier of consumers. `burst` is how many may come at once. One of `rate`, `inFlight` and `scope` with rates is required.",
      )
      .meta({ examples: ["100/minute", ["10/second", "1000/day"], { gold: "1000/second", default: "60/minute" }] }),
    scope: z
      .union([
        z.enum(["local", "global"]),
        z
          .strictObject({
            local: rates.describe("What each gateway lets pass, before anybody is asked."),
            global: rates.describe("What all gateways together let pass."),
          })
          .describe("A rate of each gateway in front of one of all together, in place of `rate`."),
      ])
      .default("local")
      .describe("Whose calls `rate` counts: those of each gateway by itself, or of all gateways together.")
      .meta({ examples: ["global", { local: "20/second", global: "1000/day" }] }),
    ...globalKeys,
    inFlight: z
      .int()
      .min(1)
      .max(MOST_IN_FLIGHT)
      .optional()
      .describe(
        "How many calls may be in flight at once, by the same key; alone or beside `rate`. Any number if absent.",
      )
      .meta({ examples: [20] }),
    cost,
    penalize: z
      .boolean()
      .default(false)
      .describe("Whether calls that are refused cost too, until nothing is left: who does not wait gets nothing."),
    shared: z
      .boolean()
      .default(false)
      .describe("Whether all routes that apply the policy count together; otherwise each counts alone."),
    headers: z
      .array(z.enum(["ietf", "retry-after", "x-ratelimit"]))
      .max(3)
      .default(["ietf", "retry-after"])
      .describe(
        "What clients are told: `ietf` writes RateLimit and RateLimit-Policy, `x-ratelimit` X-RateLimit-Limit, -Remaining and -Reset, `retry-after` Retry-After on 429.",
      ),
    jitter,
    store: z
      .strictObject({
        slots: z
          .int()
          .min(1024)
          .max(1_048_576)
          .refine((slots) => Number.isInteger(Math.log2(slots)), "a power of two, such as 1024, 65536 or 1048576")
          .default(65_536)
          .describe("How many keys are counted at once: a power of two."),
      })
      .default({ slots: 65_536 })
      .describe("The table that holds the counters."),
  })
  .describe("How often.");

export type Settings = z.output<typeof settings>;
