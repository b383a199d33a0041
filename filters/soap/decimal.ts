// Decimal numbers as texts, exactly: what bounds and digits of XML Schema are about.

/** A number is `digits` divided by 10 to the power of `scale`. */
interface Decimal {
  digits: bigint;
  scale: number;
}

const DECIMAL = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,4}))?$/;

function read(text: string): Decimal | undefined {
  const [, sign = "", whole = "", fraction = "", power = "0"] = DECIMAL.exec(text) ?? [];
  if (whole + fraction === "") return undefined;
  const digits = BigInt(`${whole}${fraction}`);
  const scale = fraction.length - Number(power);
  const signed = sign === "-" ? -digits : digits;
  return scale < 0 ? { digits: signed * 10n ** BigInt(-scale), scale: 0 } : { digits: signed, scale };
}

export function isDecimal(text: string): boolean {
  return /^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)$/.test(text);
}

export function isInteger(text: string): boolean {
  return /^[+-]?[0-9]+$/.test(text);
}

/** Negative, 0 or positive as the first number is smaller, equal or greater; undefined if one of them is none. */
export function compareDecimals(one: string, other: string): number | undefined {
  const [a, b] = [read(one), read(other)];
  if (a === undefined || b === undefined) return undefined;
  const scale = Math.max(a.scale, b.scale);
  const [x, y] = [a, b].map(({ digits, scale: own }) => digits * 10n ** BigInt(scale - own));
  return x === y ? 0 : (x ?? 0n) < (y ?? 0n) ? -1 : 1;
}

/** Digits of a number without leading and trailing zeros, and those of them behind the point. */
export function digitsOf(text: string): { total: number; fraction: number } {
  const value = read(text);
  if (value === undefined) return { total: 0, fraction: 0 };
  let { digits, scale } = value;
  while (scale > 0 && digits % 10n === 0n) {
    digits /= 10n;
    scale--;
  }
  const written = String(digits < 0n ? -digits : digits);
  return { total: Math.max(written === "0" ? 0 : written.length, scale, 1), fraction: scale };
}

/** A number of JavaScript without a power of ten: `1e21` as `1000000000000000000000`. */
export function plainText(value: number): string {
  const text = String(value);
  if (!text.includes("e")) return text;
  const number = read(text);
  if (number === undefined) return text;
  const { digits, scale } = number;
  const sign = digits < 0n ? "-" : "";
  const all = String(digits < 0n ? -digits : digits).padStart(scale + 1, "0");
  return scale === 0 ? `${sign}${all}` : `${sign}${all.slice(0, -scale)}.${all.slice(-scale)}`;
}
