import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { Expression } from "../expression/expression.js";

/** Attributes that the client gives whatever value it likes, and with each a count of its own. */
const CHOSEN: readonly string[] = ["request.cookies", "request.headers", "request.query"];

/** Attributes that say nothing of who calls, but of what is called. */
const OF_THE_CALL: readonly string[] = ["request.method", "request.protocol", "request.scheme", "route.name"];

/** What a key lacks to bind anybody: calls that share it, or a part that callers cannot change at will. */
export function keyFinding(keys: readonly Expression[], policy: string, span: Diagnostic["span"]): Diagnostic[] {
  const names = keys.flatMap(({ attributes }) => attributes.map(({ name }) => name));
  if (names.includes("request.id")) return [diagnose("SL0434", { policy }, span)];
  const isChosen = names.some((name) => CHOSEN.includes(name));
  const isFree = names.every((name) => CHOSEN.includes(name) || OF_THE_CALL.includes(name));
  return isChosen && isFree ? [diagnose("SL0435", { policy }, span)] : [];
}
