const MILLISECONDS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  μs: 0.001,
  ns: 0.000001,
};

/**
 * Milliseconds of a duration in CEL's syntax (`90s`, `1h30m`, `1.5s`, `-1ms`); undefined if it is none, or none of
 * whole milliseconds.
 */
export function parseDuration(text: string): number | undefined {
  const [, sign, rest = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === "0") return 0;
  if (!/^((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) return undefined;
  let nanoseconds = 0n;
  for (const [, number = "", unit = ""] of rest.matchAll(/([\d.]+)([a-zµμ]+)/g)) {
    const [whole = "", fraction = ""] = number.split(".");
    if (whole.length > 15 || fraction.length > 15) return undefined;
    const scale = BigInt(Math.round((MILLISECONDS[unit] ?? 0) * 1_000_000));
    const parts = BigInt(whole + fraction) * scale;
    const divisor = 10n ** BigInt(fraction.length);
    if (parts % divisor !== 0n) return undefined;
    nanoseconds += parts / divisor;
  }
  if (nanoseconds % 1_000_000n !== 0n) return undefined;
  const milliseconds = Number(nanoseconds / 1_000_000n);
  if (!Number.isSafeInteger(milliseconds)) return undefined;
  return sign === "-" && milliseconds !== 0 ? -milliseconds : milliseconds;
}

/** Milliseconds since 1970 of an RFC 3339 time (`2026-01-31T12:00:00Z`); undefined if it is none. */
export function parseTimestamp(text: string): number | undefined {
  const form = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,3})?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (form === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = form.slice(1, 7).map(Number);
  const [zoneHour = 0, zoneMinute = 0] = form[8] === "Z" ? [] : (form[8] ?? "").slice(1).split(":").map(Number);
  // Date takes the 30th of February for the 2nd of March; RFC 3339, section 5.7, does not.
  const days = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  if (month < 1 || month > 12 || day < 1 || day > days || year < 1) return undefined;
  if (hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) return undefined;
  return Date.parse(text);
}
