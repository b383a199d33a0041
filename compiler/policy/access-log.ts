import { z } from "zod";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { checkExpression } from "../expression/expression.js";
import { placeOf, spanOf } from "../expression/place.js";
import type { AccessLogPlan, LogCondition } from "../plan/access-log.js";
import { nodeAt } from "../syntax/document.js";
import type { CheckedGateway } from "./check.js";
import { logCondition } from "./log-condition.js";
import { percent } from "./values.js";

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const PLACE = /^(stdout|(\/(?!\.{1,2}(\/|$))[^/\x00-\x1f\x7f]+)+)$/;

export const listenerAccessLog = z
  .strictObject({
    to: z
      .string()
      .max(1024)
      .regex(PLACE, "write `stdout`, or the absolute path of a file, such as /var/log/envoy/access.jsonl")
      .describe("Envoy's standard output, `stdout`, or the absolute path of a file that Envoy appends to.")
      .meta({ examples: ["stdout", "/var/log/envoy/access.jsonl"] }),
    when: z
      .string()
      .max(65_536)
      .optional()
      .describe(
        "Expression: the requests that get a line, all if absent. It compares `response.status`, `response.duration`, `request.method` and `request.headers` with constants.",
      )
      .meta({ examples: ['response.status >= 500 || response.duration > duration("1s")'] }),
    sample: percent
      .optional()
      .describe("How many of those requests get a line, by chance; all if absent.")
      .meta({ examples: ["10%"] }),
  })
  .describe(
    "One JSON line for each request: `time`, `listener`, `request_id`, `method`, `protocol`, `status`, `route`, `decision`, `consumer`, `service`, `endpoint`, `attempts`, `flags` (Envoy's words for what went wrong), `duration_ms`, `first_byte_ms`, `bytes_received`, `bytes_sent`; `shadow`, `operation`, `trace_id` and `grpc_status` where the policy has such. No value of another header, and no path. Nothing is logged if absent.",
  );

/** The conditions of access logs: that they are expressions, and that Envoy can say them. */
export function checkAccessLogs(checked: CheckedGateway): Diagnostic[] {
  return Object.keys(checked.gateway.listeners).flatMap((name) => conditionOf(checked, name).diagnostics);
}

/** The part of a plan that says what a listener logs. */
export function listenerLog(checked: CheckedGateway, listener: string): { accessLog?: AccessLogPlan } {
  const log = checked.gateway.listeners[listener]?.accessLog;
  if (log === undefined) return {};
  const { condition } = conditionOf(checked, listener);
  return {
    accessLog: {
      to: log.to === "stdout" ? "stdout" : { file: log.to },
      ...(condition === undefined ? {} : { when: condition }),
      ...(log.sample === undefined ? {} : { percent: log.sample }),
    },
  };
}

function conditionOf(
  { gateway, root, place }: CheckedGateway,
  listener: string,
): { condition?: LogCondition; diagnostics: Diagnostic[] } {
  const when = gateway.listeners[listener]?.accessLog?.when;
  if (when === undefined) return { diagnostics: [] };
  const path = ["listeners", listener, "accessLog", "when"];
  const node = nodeAt(root, path);
  const { expression, diagnostics } = checkExpression(when, node, place(path), "bool", "response");
  if (expression === undefined) return { diagnostics };
  const result = logCondition(expression.tree);
  if ("condition" in result) return { condition: result.condition, diagnostics };
  const at = placeOf(node, place(path));
  return {
    diagnostics: [
      ...diagnostics,
      ...result.unsayable.map(({ part }) =>
        diagnose("SL0652", { part: when.slice(part.start, part.end) }, spanOf(at, part)),
      ),
    ],
  };
}
