import { z } from "zod";

/** A limit as the module counts it: `count` calls per period on average, at most `burst` at once. */
export interface Rate {
  count: number;
  periodMs: number;
  burst: number;
}

const PERIODS = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** The form of a rate; its bounds are checked by `parseRate`. */
export const RATE =
  /^([0-9]{1,9}) *(?:\/ *(second|minute|hour|day)|per +([0-9]{1,6})(s|m|h|d))(?: +burst +([0-9]{1,9}))?$/;

export const RATE_SYNTAX = "a rate is a count per period: 100/minute, 10/second burst 20, 100 per 15s";

/** Highest rate, in calls per second, and longest period, in ms, that the module counts exactly. */
const MAX_PER_SECOND = 1_000_000;
const MAX_PERIOD_MS = 31 * 86_400_000;

/** Reads `100/minute`, `10/second burst 20` or `100 per 15s`; a sentence when it is none of them or out of range. */
export function parseRate(text: string): Rate | string {
  const match = RATE.exec(text);
  if (match === null) return RATE_SYNTAX;
  const [, countText, period, lengthText, unit, burstText] = match;
  const count = Number(countText);
  const periodMs = periodLength(period, lengthText, unit);
  const burst = burstText === undefined ? count : Number(burstText);
  if (count === 0) return "a rate of 0 lets nothing through; deny it with `authorize` instead";
  if (burst === 0) return "a burst of 0 lets nothing through";
  if (periodMs === 0 || periodMs > MAX_PERIOD_MS) return "a period is at least 1s and at most 31d";
  if (count > (MAX_PER_SECOND * periodMs) / 1_000) return `at most ${MAX_PER_SECOND} calls per second can be counted`;
  if (burst * (periodMs / count) > MAX_PERIOD_MS) return "a burst cannot hold more than 31 days of calls";
  return { count, periodMs, burst };
}

function periodLength(period: string | undefined, length: string | undefined, unit: string | undefined): number {
  if (period === "second" || period === "minute" || period === "hour" || period === "day") return PERIODS[period];
  if (unit === "s" || unit === "m" || unit === "h" || unit === "d") return Number(length) * UNITS[unit];
  return 0;
}

/** A rate, read. */
export const rate = z
  .string()
  .meta({ pattern: RATE.source, examples: ["100/minute", "10/second burst 20", "100 per 15s"] })
  .transform((text, context) => {
    const parsed = parseRate(text);
    if (typeof parsed !== "string") return parsed;
    context.addIssue({ code: "custom", message: parsed });
    return z.NEVER;
  });

/** As many as the module keeps for a caller. */
const MOST_WINDOWS = 4;

/** One rate, as a list of one. */
export const oneWindow = rate.transform((one) => [one]);

/** Several rates that all hold. */
export const severalWindows = z
  .array(rate.describe("One of the rates, all of which hold."))
  .min(1)
  .max(MOST_WINDOWS)
  .meta({ examples: [["10/second", "1000/day"]] });

const NAMES: Readonly<Record<number, string>> = { 1000: "second", 60000: "minute", 3600000: "hour", 86400000: "day" };

/** A rate as it is written in the language. */
export function rateText({ count, periodMs, burst }: Rate): string {
  const period = NAMES[periodMs];
  const text = period === undefined ? `${count} per ${lengthText(periodMs)}` : `${count}/${period}`;
  return burst === count ? text : `${text} burst ${burst}`;
}

function lengthText(periodMs: number): string {
  const days = periodMs / PERIODS.day;
  return Number.isInteger(days) ? `${days}d` : `${periodMs / 1_000}s`;
}
