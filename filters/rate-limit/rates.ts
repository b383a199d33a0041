import { type Diagnostic, diagnose } from "../../compiler/diagnostics/diagnostic.js";
import type { JsonObject } from "../../compiler/plan/plan.js";
import type { PolicyContext } from "../../compiler/policy/kind.js";
import { type Rate, rateText } from "../../compiler/policy/rate.js";
import type { Path } from "../../compiler/syntax/document.js";
import type { Settings } from "./settings.js";

/** Rates of callers by their tier, and that of everybody else; each is one or more windows. */
export interface Rates {
  tiers: Readonly<Record<string, readonly Rate[]>>;
  fallback: readonly Rate[];
}

/** Reads `rate`; nothing after an error was reported. */
export function planRates(spec: NonNullable<Settings["rate"]>, context: PolicyContext): Rates | undefined {
  if (Array.isArray(spec)) return checkWindows(spec, ["rate"], context) ? { tiers: {}, fallback: spec } : undefined;
  const { default: fallback, ...tiers } = spec;
  if (fallback === undefined) {
    // One that does not fit the schema has a finding of its own.
    if (context.node(["rate", "default"]) === undefined)
      context.report(diagnose("SL0414", {}, context.place(["rate"], "key")));
    return undefined;
  }
  const known = new Set(Object.values(context.gateway.consumers).flatMap((consumer) => consumer.tier ?? []));
  let sound = true;
  for (const tier of Object.keys(tiers))
    if (!known.has(tier)) {
      context.report(
        diagnose(
          "SL0415",
          { tier, known: [...known].toSorted().join(", ") || "none" },
          context.place(["rate", tier], "key"),
        ),
      );
      sound = false;
    }
  for (const [tier, windows] of Object.entries(spec)) sound = checkWindows(windows, ["rate", tier], context) && sound;
  return sound ? { tiers, fallback } : undefined;
}

/** Says which windows cannot be told apart, and which never count. */
function checkWindows(windows: readonly Rate[], path: Path, context: PolicyContext): boolean {
  const findings = windows.flatMap((window, index) =>
    findingOf(window, index, windows, context.place([...path, index])),
  );
  for (const finding of findings) context.report(finding);
  return findings.every(({ severity }) => severity !== "error");
}

function findingOf(window: Rate, index: number, windows: readonly Rate[], span: Diagnostic["span"]): Diagnostic[] {
  const twin = windows.findIndex(({ periodMs }) => periodMs === window.periodMs);
  if (twin !== index) return [diagnose("SL0478", { rate: rateText(window) }, span)];
  const tighter = windows.find((other) => other !== window && isTighter(other, window));
  if (tighter === undefined || (isTighter(window, tighter) && windows.indexOf(tighter) > index)) return [];
  return [diagnose("SL0477", { rate: rateText(window), tighter: rateText(tighter) }, span)];
}

/** Neither more at once nor more over time, in the counts of the generic cell rate algorithm. */
export function isTighter(one: Rate, other: Rate): boolean {
  return one.burst <= other.burst && one.count * other.periodMs <= other.count * one.periodMs;
}

/** The smallest burst of all windows: what a call may cost at most. */
export function mostAtOnce(windows: readonly Rate[]): number {
  return Math.min(...windows.map(({ burst }) => burst));
}

/** As modules read it. */
export function rateMember(windows: readonly Rate[]): JsonObject {
  const [first, ...more] = windows.map(({ count, periodMs, burst }): JsonObject => ({ count, periodMs, burst }));
  return first === undefined || more.length > 0 ? { windows: windows.map((one): JsonObject => ({ ...one })) } : first;
}

export function windowsText(windows: readonly Rate[]): string {
  return windows.map(rateText).join(" and ");
}
