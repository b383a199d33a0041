import type { SourceFile, Span } from "../../syntax/source.js";
import { isSecret } from "../catalog.js";
import type { Diagnostic, Fix } from "../diagnostic.js";
import { maskText } from "../mask.js";
import { before, secretsIn } from "../secrets.js";

/** A finding whose texts hold no secret, and the places that no frame may show. */
export interface Hidden {
  readonly diagnostic: Diagnostic;
  readonly secrets: SecretPlaces;
}

/** Characters beside a place that a sentence or an excerpt about it may show, and many more. */
const SURROUNDINGS = 4_096;

/** What may be a secret in the files of some findings. */
export class SecretPlaces {
  private readonly bySource = new Map<SourceFile, Span[]>();

  constructor(diagnostics: readonly Diagnostic[]) {
    const named = diagnostics.filter((diagnostic) => isSecret(diagnostic.code)).map((diagnostic) => diagnostic.span);
    for (const { span, related, fix } of diagnostics)
      for (const { source } of [span, ...related.map((other) => other.span), ...(fix?.edits ?? []).map((e) => e.span)])
        if (!this.bySource.has(source)) this.bySource.set(source, placesIn(source, named));
  }

  /** Those on the lines of a span, and on a line that is very long, those around it. */
  near({ source, start, end }: Span): readonly Span[] {
    const places = this.bySource.get(source) ?? [];
    const from = Math.max(source.lineAround(start).start, start - SURROUNDINGS);
    const to = Math.min(source.lineAround(end).end, end + SURROUNDINGS);
    const first = before(places, from);
    const reaches = first > 0 && (places[first - 1]?.end ?? 0) > from;
    return places.slice(reaches ? first - 1 : first, before(places, to));
  }
}

function placesIn(source: SourceFile, named: readonly Span[]): Span[] {
  const own = named.filter((span) => span.source === source);
  return own.length === 0 ? secretsIn(source) : [...secretsIn(source), ...own].sort((a, b) => a.start - b.start);
}

/** Takes out of every message and fix what may be a secret on the lines of the finding. */
export function hideSecrets(diagnostics: readonly Diagnostic[]): Hidden[] {
  const secrets = new SecretPlaces(diagnostics);
  return diagnostics.map((diagnostic) => ({ diagnostic: hide(diagnostic, secrets), secrets }));
}

function hide(diagnostic: Diagnostic, secrets: SecretPlaces): Diagnostic {
  const { fix } = diagnostic;
  const near = textsOf(secrets.near(diagnostic.span));
  const hidden = {
    ...diagnostic,
    message: maskText(diagnostic.message, near),
    related: diagnostic.related.map((other) => ({
      ...other,
      message: maskText(other.message, [...near, ...textsOf(secrets.near(other.span))]),
    })),
  };
  return fix === undefined ? hidden : { ...hidden, fix: hideFix(fix, near, secrets) };
}

/** A fix that would write a secret again is told without its edits. */
function hideFix(fix: Fix, near: readonly string[], secrets: SecretPlaces): Fix {
  const shows = fix.edits.some(
    ({ span, newText }) =>
      newText !== "" && secrets.near(span).some((secret) => secret.start < span.end && secret.end > span.start),
  );
  return { ...fix, title: maskText(fix.title, near), edits: shows ? [] : fix.edits };
}

function textsOf(spans: readonly Span[]): string[] {
  return spans.map(({ source, start, end }) => source.text.slice(start, end));
}
