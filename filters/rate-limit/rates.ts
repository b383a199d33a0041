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
  /** Where they stand. */
  path: Path;
}

/** Rates as they are written, and where. */
export interface Written {
  rates: NonNullable<Settings["rate"]>;
  path: Path;
  /** They are counted in windows that begin anew at whole multiples of their length. */
  beginAnew: boolean;
}

/** Whether callers of some tier have a rate of their own. */
export function isByTier(rates: Rates | undefined): boolean {
  return rates !== undefined && Object.keys(rates.tiers).length > 0;
}

/** The rate of the callers of a tier, and whether it is theirs alone. */
export function rateOf({ tiers, fallback }: Rates, tier: string): { windows: readonly Rate[]; isOwn: boolean } {
  const own = Object.hasOwn(tiers, tier) ? tiers[tier] : undefined;
  return { windows: own ?? fallback, isOwn: own !== undefined };
}

/** Reads rates; nothing after an error was reported. */
export function planRates({ rates, path, beginAnew }: Written, context: PolicyContext): Rates | undefined {
  if (Array.isArray(rates))
    return checkWindows(rates, path, beginAnew, context) ? { tiers: {}, fallback: rates, path } : undefined;
  const { default: fallback, ...tiers } = rates;
  if (fallback === undefined) {
    // One that does not fit the schema has a finding of its own.
    if (context.node([...path, "default"]) === undefined)
      context.report(diagnose("SL0414", {}, context.place(path, "key")));
    return undefined;
  }
  const known = new Set(Object.values(context.gateway.consumers).flatMap((consumer) => consumer.tier ?? []));
  const unknown = Object.keys(tiers).filter((tier) => !known.has(tier));
  for (const tier of unknown)
    context.report(
      diagnose(
        "SL0415",
        { tier, known: [...known].toSorted().join(", ") || "none" },
        context.place([...path, tier], "key"),
      ),
    );
  const unsound = Object.entries(rates).filter(
    ([tier, windows]) => !checkWindows(windows, [...path, tier], beginAnew, context),
  );
  return unknown.length + unsound.length === 0 ? { tiers, fallback, path } : undefined;
}

/** Says which windows cannot be told apart, and which never count. */
function checkWindows(windows: readonly Rate[], path: Path, beginAnew: boolean, context: PolicyContext): boolean {
  const findings = windows.flatMap((window, index) =>
    findingOf(window, windows, beginAnew, context.place([...path, index])),
  );
  for (const finding of findings) context.report(finding);
  return findings.every(({ severity }) => severity !== "error");
}

function findingOf(window: Rate, windows: readonly Rate[], beginAnew: boolean, span: Diagnostic["span"]): Diagnostic[] {
  const index = windows.indexOf(window);
  const twin = windows.findIndex(({ periodMs }) => periodMs === window.periodMs);
  if (twin !== index) return [diagnose("SL0478", { rate: rateText(window) }, span)];
  const tighter = windows.find(
    (other) => other !== window && isTighter(other, window) && (!beginAnew || isNested(other, window)),
  );
  if (tighter === undefined || (isTighter(window, tighter) && windows.indexOf(tighter) > index)) return [];
  return [diagnose("SL0477", { rate: rateText(window), tighter: rateText(tighter) }, span)];
}

/** One of the two begins wherever the other does: a month, of 30 days, is no number of weeks. */
function isNested({ periodMs: one }: Rate, { periodMs: other }: Rate): boolean {
  return Math.max(one, other) % Math.min(one, other) === 0;
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
