/** Envoy substitutes `%NAME%` in header values and formats: a text of the user is never such a command. */
export function literal(value: string): string {
  return value.replaceAll("%", "%%");
}
