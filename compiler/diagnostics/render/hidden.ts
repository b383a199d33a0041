import type { SourceFile, Span } from "../../syntax/source.js";
import { isSecret } from "../catalog.js";
import type { Diagnostic } from "../diagnostic.js";
import { secretsIn, withoutSecrets } from "../secrets.js";

/** A finding whose texts hold no secret, and the places that no frame may show. */
export interface Hidden {
  readonly diagnostic: Diagnostic;
  readonly secrets: readonly Span[];
}

/** Takes out of every message and fix what may be a secret on the lines of the finding. */
export function hideSecrets(diagnostics: readonly Diagnostic[]): Hidden[] {
  const named = diagnostics.filter((diagnostic) => isSecret(diagnostic.code)).map((diagnostic) => diagnostic.span);
  const bySource = new Map<SourceFile, Span[]>();
  for (const { span, related } of diagnostics)
    for (const { source } of [span, ...related.map((other) => other.span)])
      if (!bySource.has(source))
        bySource.set(source, [...secretsIn(source), ...named.filter((one) => one.source === source)]);
  const secrets = [...bySource.values()].flat();
  return diagnostics.map((diagnostic) => ({ diagnostic: hide(diagnostic, secrets), secrets }));
}

function hide(diagnostic: Diagnostic, secrets: readonly Span[]): Diagnostic {
  const { source, start, end } = diagnostic.span;
  const first = source.position(start).line;
  const last = source.position(end).line;
  const near = secrets.filter((secret) => {
    const { line } = source.position(secret.start);
    return secret.source === source && line >= first && line <= last;
  });
  if (near.length === 0) return diagnostic;
  const hidden = { ...diagnostic, message: withoutSecrets(diagnostic.message, near) };
  const { fix } = diagnostic;
  return fix === undefined ? hidden : { ...hidden, fix: { ...fix, title: withoutSecrets(fix.title, near) } };
}
