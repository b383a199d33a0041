import { filterStateKey } from "../../plan/names.js";
import type { HeaderValue } from "../../plan/native.js";

/** Envoy substitutes `%NAME%` in header values and formats: a text of the user is never such a command. */
export function literal(value: string): string {
  return value.replaceAll("%", "%%");
}

/** The value of a header as a format. What the guard did not leave in filter state leaves its header out. */
export function formatOf(value: HeaderValue): string {
  return typeof value === "string" ? literal(value) : `%FILTER_STATE(${filterStateKey(value.property)}:PLAIN)%`;
}
