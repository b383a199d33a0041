import { z } from "zod";
import { escapeRegex } from "./path.js";

/** RFC 6265 section 4.1.1: the name of a cookie is a token. */
export const cookieName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/, "a cookie name has up to 64 letters, digits and signs of RFC 6265");

/** RFC 6265 section 4.1.1, without the quotes around a value, which are a part of it. */
const value = z
  .string()
  .regex(
    /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{0,128}$/,
    "the value of a cookie has up to 128 visible ASCII characters, and no quote, comma, semicolon or backslash",
  );

/** Cookies that a route wants. */
export const cookiesMatch = z
  .record(cookieName, z.union([value, z.literal(true)]).describe("A value, as it is sent, or `true` (present)."))
  .optional()
  .describe(
    "Cookies that must be there, all of them. Of several cookies of one name one is enough. A client sends what it likes: for what only some may have there are policies.",
  )
  .meta({ examples: [{ canary: "1" }, { preview: true }] });

/** RE2 text of a `cookie` header with a cookie; any value will do if none is given. */
export function cookieRegex(name: string, wanted: string | undefined): string {
  const own = wanted === undefined ? "[^;]*" : `${escapeRegex(wanted)}[ \\t]*`;
  return `(?:.*;)?[ \\t]*${escapeRegex(name)}=${own}(?:;.*)?`;
}
