import { RE2JS } from "@bufbuild/re2";

/** `~` begins a regular expression over the whole text, of the dialect of the policy file. */
export function textMatch(expected: string): (actual: string) => boolean {
  if (!expected.startsWith("~")) return (actual) => actual === expected;
  const regex = RE2JS.compile(latin1(expected.slice(1)));
  return (actual) => regex.matches(latin1(actual));
}

function latin1(value: string): string {
  return Buffer.from(value).toString("latin1");
}

const LONGEST_SHOWN = 300;

/** A value as reports show it. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "string" ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value));
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
