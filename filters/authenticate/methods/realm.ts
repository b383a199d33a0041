import { z } from "zod";

/** A realm stands in a quoted string, and is not escaped (RFC 9110, section 5.6.4). */
export const realm = z
  .string()
  .regex(/^[ !#-[\]-~]{1,128}$/, "a realm has up to 128 ASCII characters, and no quote and no backslash");
