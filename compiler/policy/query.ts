import { z } from "zod";
import { escapeRegex } from "./path.js";

/** As RFC 3986 section 2.3 needs no escape for it: then a parameter has one spelling that everybody reads alike. */
const NAME = /^[A-Za-z0-9._~-]{1,64}$/;

/** Each byte of a value may be spelled in several ways, and RE2 programs are bounded. */
const MOST_BYTES = 128;

const parameterMatch = z
  .union([
    z
      .string()
      .max(4096)
      .refine(
        (value) => value.startsWith("~") || Buffer.byteLength(value) <= MOST_BYTES,
        "a value has at most 128 bytes of UTF-8",
      ),
    z.boolean(),
  ])
  .describe("A value, decoded; `~regex` for the value as it is sent; `true` (present) or `false` (absent).");

/** Parameters of the query that a route wants. */
export const queryMatch = z
  .record(
    z.string().regex(NAME, "a parameter name has up to 64 letters, digits, `-`, `.`, `_` and `~`"),
    parameterMatch,
  )
  .optional()
  .describe(
    "Query parameters that must match, all of them. A query that services read in different ways, such as one with the parameter twice, gets 400 here.",
  )
  .meta({ examples: [{ state: "open" }, { draft: true }] });

/** A parameter that a route wants. Values are compared as they are sent. */
export type QueryMatch = { name: string } & (
  | { form: "exact"; value: string }
  | { form: "regex"; regex: string }
  | { form: "present"; present: boolean }
);

export function readQueryMatch(name: string, value: string | boolean): QueryMatch {
  if (typeof value === "boolean") return { name, form: "present", present: value };
  if (value.startsWith("~")) return { name, form: "regex", regex: value.slice(1) };
  const regex = [...Buffer.from(value)].map(spellings).join("");
  return regex === escapeRegex(value) ? { name, form: "exact", value } : { name, form: "regex", regex };
}

const UNRESERVED = /[A-Za-z0-9\-._~]/;

/** RE2 text of every way to send a byte of a value; unreserved characters have one, as the others are refused. */
function spellings(byte: number): string {
  const character = String.fromCharCode(byte);
  if (UNRESERVED.test(character)) return escapeRegex(character);
  const digits = [...byte.toString(16).padStart(2, "0")].map((digit) =>
    /[a-f]/.test(digit) ? `[${digit.toUpperCase()}${digit}]` : digit,
  );
  const escaped = `%${digits.join("")}`;
  if (character === " ") return `(?:\\+|${escaped})`;
  return byte < 0x21 || byte > 0x7e || "+%&#".includes(character)
    ? escaped
    : `(?:${escapeRegex(character)}|${escaped})`;
}

/** An unreserved character, percent-encoded, or a `%` that begins no escape: a service may read either as something else. */
const ODD_ESCAPE =
  "%(?:2[DEde]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee]|[^0-9A-Fa-f]|[0-9A-Fa-f][^0-9A-Fa-f]|[0-9A-Fa-f]?$)";

/**
 * RE2 text of the paths with a query that may have, or lack, the parameter by another reading than Envoy's, which takes names and
 * values as they are sent and the first of several: a name that is escaped without need, the same one twice, a value so escaped.
 */
export function twoReadings({ name, form }: QueryMatch): string {
  const own = escapeRegex(name);
  const oddName = `[^=&]*${ODD_ESCAPE}.*`;
  // Where it only has to be there, or must not, its values do not matter.
  const oddValue =
    form === "present" ? [] : [`${own}=[^&]*${ODD_ESCAPE}.*`, `${own}(?:=[^&]*)?&(?:.*&)?${own}(?:[=&].*)?`];
  return `[^?]*\\?(?:.*&)?(?:${[oddName, ...oddValue].join("|")})`;
}
