import { z } from "zod";
import { type Diagnostic, diagnose } from "../../compiler/diagnostics/diagnostic.js";
import type { FaultPlan } from "../../compiler/plan/native.js";
import { headerMatch as matchOf } from "../../compiler/plan/route-match.js";
import { headerMatch } from "../../compiler/policy/gateway.js";
import { defineKind } from "../../compiler/policy/kind.js";
import { checkConditions } from "../../compiler/policy/routes.js";
import { fraction, headerName, positiveDuration } from "../../compiler/policy/values.js";
import { lintOf } from "./lint.js";
import { modelOf } from "./model.js";

/** Beyond it clients have long given up, and each request that waits is held in memory. */
const LONGEST_DELAY_MS = 5 * 60_000;

const percent = fraction
  .prefault("100%")
  .describe("Share of the requests, to four decimal places of a percent; which ones is left to chance.")
  .meta({ examples: ["5%", "0.25%"] });

const schema = z
  .strictObject({
    delay: z
      .strictObject({
        for: positiveDuration
          .refine((milliseconds) => milliseconds <= LONGEST_DELAY_MS, "a request is held back for at most 5m")
          .describe("How long a request waits before anything else is done with it; at most 5m."),
        percent,
      })
      .optional()
      .describe("Holds requests back."),
    abort: z
      .strictObject({
        status: z
          .int()
          .min(400)
          .max(599)
          .describe("Status code of the answer, 400 to 599.")
          .meta({ examples: [503] }),
        percent,
      })
      .optional()
      .describe("Answers requests in place of the service."),
    headers: z
      .record(headerName, headerMatch)
      .default({})
      .describe("Requests without these headers are left alone.")
      .meta({ examples: [{ "x-test": "1" }] }),
  })
  .describe("Disturbs requests on purpose, to see what clients make of it.");

type Spec = z.output<typeof schema>;

export const fault = defineKind({
  name: "fault",
  summary: "holds requests back or answers them with an error, on purpose",
  schema,
  plan(spec, context) {
    const isWritten = ["delay", "abort"].some((key) => context.node([key]) !== undefined);
    const findings: Diagnostic[] = [
      ...(isWritten ? [] : [diagnose("SL0446", { policy: context.policy }, context.place([], "key"))]),
      ...checkConditions(spec.headers, (name) => context.place(["headers", name])),
    ];
    for (const finding of findings) context.report(finding);
    if (findings.length > 0) return undefined;
    const native = planned(spec);
    return {
      phase: "fault",
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

function planned({ delay, abort, headers }: Spec): FaultPlan {
  return {
    filter: "fault",
    headers: Object.entries(headers)
      .map(([name, value]) => matchOf(name, value))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    ...(delay === undefined ? {} : { delay: { ms: delay.for, share: delay.percent } }),
    ...(abort === undefined ? {} : { abort: { status: abort.status, share: abort.percent } }),
  };
}
