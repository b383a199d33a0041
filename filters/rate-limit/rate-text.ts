import type { Window } from "../../compiler/plan/global-limits.js";
import type { Rate } from "../../compiler/policy/rate.js";

const PERIODS: Readonly<Record<number, string>> = { 1000: "second", 60000: "minute", 3600000: "hour", 86400000: "day" };

/** A rate as people write it. */
export function rateText({ count, periodMs, burst }: Rate): string {
  const period = PERIODS[periodMs];
  const rate = period === undefined ? `${count} per ${lengthText(periodMs)}` : `${count}/${period}`;
  return burst === count ? rate : `${rate} burst ${burst}`;
}

function lengthText(periodMs: number): string {
  const days = periodMs / 86_400_000;
  return Number.isInteger(days) ? `${days}d` : `${periodMs / 1_000}s`;
}

/** A window as a rate that people write. */
export function windowText({ count, unit }: Window): string {
  switch (unit) {
    case "week":
      return `${count} per 7d`;
    case "month":
      return `${count} per 30d`;
    case "second":
    case "minute":
    case "hour":
    case "day":
      return `${count}/${unit}`;
  }
}
