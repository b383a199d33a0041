import type { z } from "zod";
import type { Span, SpansRead } from "./span.js";

/** A text as JSON, or why it is none. */
export type JsonRead =
  | { readonly outcome: "read"; readonly document: unknown }
  | { readonly outcome: "damaged"; readonly reason: string };

/** V8's own sentence quotes the text, which may hold what nobody should see, so only the place is taken from it. */
export function parseJson(text: string): JsonRead {
  try {
    const document: unknown = JSON.parse(text);
    return { outcome: "read", document };
  } catch (error) {
    const place = / at position \d+/.exec(error instanceof Error ? error.message : "")?.[0] ?? "";
    return { outcome: "damaged", reason: text.trim() === "" ? "it is empty" : `it is no JSON${place}` };
  }
}

/** The spans of a document that fits the schema; else the first place where it does not. */
export function readAs(schema: z.ZodType<readonly Span[]>, document: unknown): SpansRead {
  const result = parsed(schema, document);
  if (result === "too deep") return { outcome: "damaged", reason: "it is nested too deeply" };
  const { data, error } = result;
  if (data !== undefined) return { outcome: "read", spans: data };
  const issue = innermost(error.issues[0]);
  const place = issue === undefined ? "" : placeOf(issue.path);
  return { outcome: "damaged", reason: `${place || "the document"}: ${issue?.message ?? "does not fit"}` };
}

function parsed<T>(schema: z.ZodType<T>, document: unknown) {
  try {
    return schema.safeParse(document);
  } catch (error) {
    // V8's stack, which values of values of values have filled.
    if (!(error instanceof RangeError)) throw error;
    return "too deep" as const;
  }
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Of a union the alternative that went furthest is the one that was meant. */
function innermost(issue: z.core.$ZodIssue | undefined): Issue | undefined {
  if (issue?.code !== "invalid_union") return issue;
  const inner = issue.errors
    .flatMap((issues) => innermost(issues[0]) ?? [])
    .reduce<Issue | undefined>(
      (best, one) => (best === undefined || one.path.length > best.path.length ? one : best),
      undefined,
    );
  return inner === undefined ? issue : { path: [...issue.path, ...inner.path], message: inner.message };
}

/** `[0][3].localEndpoint.port`, as it would be written to get there. */
function placeOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((place, step) => {
    if (typeof step === "number") return `${place}[${step}]`;
    const name = String(step);
    if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `${place}[${JSON.stringify(name)}]`;
    return place === "" ? name : `${place}.${name}`;
  }, "");
}
