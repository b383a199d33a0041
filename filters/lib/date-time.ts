// Moments as XML Schema Part 2 (section 3.2.7) and RFC 3339 write them.

/** Bytes of `2026-11-26T04:36:00.123Z`. */
export const DATE_TIME_BYTES: i32 = 24;

const MILLISECONDS_OF_DAY: i64 = 86400000;
/** The last moment of the year 9999. */
const LATEST: i64 = 253402300799999;
/** Days from 0000-03-01, where 400 years begin that end with a leap day, to 1970-01-01. */
const DAYS_TO_1970: i64 = 719468;
const DAYS_OF_400_YEARS: i64 = 146097;

/** Writes milliseconds since 1970 in UTC, 24 bytes at `target`; a moment before 1970 or after 9999 becomes the nearest between. */
export function writeDateTime(target: usize, milliseconds: i64): void {
  const moment = min(max(milliseconds, 0), LATEST);
  writeDate(target, moment / MILLISECONDS_OF_DAY);
  const time = <i32>(moment % MILLISECONDS_OF_DAY);
  store<u8>(target, 0x54, 10);
  writeDigits(target + 11, time / 3600000, 2);
  store<u8>(target, 0x3a, 13);
  writeDigits(target + 14, (time / 60000) % 60, 2);
  store<u8>(target, 0x3a, 16);
  writeDigits(target + 17, (time / 1000) % 60, 2);
  store<u8>(target, 0x2e, 19);
  writeDigits(target + 20, time % 1000, 3);
  store<u8>(target, 0x5a, 23);
}

/** Years are taken to begin in March, so that the leap day is the last of them and months have 153 days in every five. */
function writeDate(target: usize, days: i64): void {
  const shifted = days + DAYS_TO_1970;
  const era = shifted / DAYS_OF_400_YEARS;
  const day = <i32>(shifted % DAYS_OF_400_YEARS);
  const year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
  const dayOfYear = day - (365 * year + year / 4 - year / 100);
  const month = (5 * dayOfYear + 2) / 153;
  const isNextYear = month >= 10;
  writeDigits(target, <i32>era * 400 + year + (isNextYear ? 1 : 0), 4);
  store<u8>(target, 0x2d, 4);
  writeDigits(target + 5, isNextYear ? month - 9 : month + 3, 2);
  store<u8>(target, 0x2d, 7);
  writeDigits(target + 8, dayOfYear - (153 * month + 2) / 5 + 1, 2);
}

function writeDigits(target: usize, value: i32, digits: i32): void {
  let rest = value;
  for (let i = digits - 1; i >= 0; i--) {
    store<u8>(target + <usize>i, <u8>(0x30 + (rest % 10)));
    rest /= 10;
  }
}
