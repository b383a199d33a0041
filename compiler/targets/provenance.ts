import type { Span } from "../syntax/source.js";

/** `policy.yaml:12`: the same text whatever the directory the compiler runs in. */
export function provenance(span: Span): string {
  const file = span.source.path.split("/").at(-1) ?? span.source.path;
  return `${file}:${span.source.position(span.start).line}`;
}
