import { type Diagnostic, diagnose, type Fix } from "../diagnostics/diagnostic.js";
import { compileRe2, MAX_REGEX_PROGRAM } from "../envoy/re2.js";
import { whyNoPath } from "../expression/domains.js";
import type { Effort } from "../expression/regex/effort.js";
import { nodeAt, type Path } from "../syntax/document.js";
import { removal, removeEntry } from "../syntax/edits.js";
import type { Span } from "../syntax/source.js";
import { checkHashes } from "./balancing.js";
import { checkCallers } from "./callers.js";
import type { CheckedGateway } from "./check.js";
import { destinationsOf } from "./destinations.js";
import type { Route } from "./gateway.js";
import { checkGrpc } from "./grpc.js";
import { checkMethods } from "./methods.js";
import { checkMirrors } from "./mirrors.js";
import { decodeUnreserved, parsePath } from "./path.js";
import { checkRetries } from "./retries.js";
import { checkRewrites } from "./rewrites.js";
import { checkTargets, checkWeights } from "./targets.js";

/** Each route by itself: one action, a path that can match, expressions that Envoy's engine takes, a weight above zero. */
export function checkRoutes(checked: CheckedGateway): Diagnostic[] {
  const { gateway } = checked;
  const diagnostics: Diagnostic[] = [];
  const names = new Map<string, number>();
  const effort = { left: STEPS };
  for (const [index, route] of gateway.routes.entries()) {
    const first = names.get(route.name);
    if (first !== undefined)
      diagnostics.push(
        diagnose("SL0202", { what: "route", name: route.name }, checked.place(["routes", index, "name"]), {
          related: [{ message: "first defined here", span: checked.place(["routes", first, "name"]) }],
        }),
      );
    else names.set(route.name, index);
    diagnostics.push(...checkRoute(route, index, checked, effort));
  }
  return [
    ...diagnostics,
    ...checkMethods(checked),
    ...checkRetries(checked),
    ...checkHashes(checked),
    ...checkMirrors(checked),
    ...checkRewrites(checked),
    ...checkTargets(checked),
    ...checkCallers(checked),
    ...checkGrpc(checked),
  ];
}

/** What the search for paths that no request has may cost, over all routes; a step is about a tenth of a microsecond. */
const STEPS = 1_000_000;

/** Keys that say how a service is asked. */
const OF_SERVICES = [
  "callers",
  "timeout",
  "idleTimeout",
  "retry",
  "hashBy",
  "mirror",
  "rewrite",
  "hedge",
  "websocket",
  "errors",
] as const;

function checkRoute(route: Route, index: number, checked: CheckedGateway, effort: Effort): Diagnostic[] {
  const base = ["routes", index];
  const at = (...path: Path) => checked.place([...base, ...path]);
  const diagnostics: Diagnostic[] = [];

  const actions = (["to", "respond", "redirect"] as const).filter(
    (key) => nodeAt(checked.root, [...base, key]) !== undefined,
  );
  if (actions.length !== 1) diagnostics.push(diagnose("SL0301", { route: route.name }, at("name")));

  diagnostics.push(...checkPath(route.match.path, at("match", "path"), effort));
  diagnostics.push(
    ...checkConditions(route.match.headers, (name) => at("match", "headers", name)),
    ...checkConditions(route.match.query, (name) => at("match", "query", name)),
  );

  for (const one of destinationsOf(route, index)) diagnostics.push(...checkWeights(one, checked));
  const written = (key: string) => nodeAt(checked.root, [...base, "redirect", key]) !== undefined;
  if (route.redirect !== undefined && written("to") === written("path"))
    diagnostics.push(diagnose("SL0305", {}, at("redirect")));
  for (const key of OF_SERVICES)
    if (route[key] !== undefined && !actions.includes("to")) {
      // Safe where the route does something else; without any action, a `to` may have been forgotten.
      const node = nodeAt(checked.root, base);
      const edits = removeEntry(node, key);
      const fix = removal(`remove \`${key}\``, actions.length > 0, edits);
      diagnostics.push(diagnose("SL0306", { key }, at(key), fix));
    }
  if (route.timeout === 0) diagnostics.push(diagnose("SL0307", {}, at("timeout")));
  return diagnostics;
}

/** Expressions that may match no path: without a slash first, or with what no path has. Most have nothing of it, which is seen at once. */
const DOUBTFUL = /^(?!\^?\/)|\/\/|\\\?|\[[^\]]*\?|#|%|\/\\\.|[\^$]./;

function checkPath(path: string, span: Span, effort: Effort): Diagnostic[] {
  const pattern = parsePath(path);
  if (typeof pattern === "string") return [diagnose("SL0302", { path, reason: pattern }, span, decoding(path, span))];
  if (pattern.form !== "regex") return [];
  const found = checkRegex(pattern.regex, span);
  const reason = found.length === 0 && DOUBTFUL.test(pattern.regex) ? whyNoPath(pattern.regex, effort) : undefined;
  return reason === undefined ? found : [diagnose("SL0316", { path, reason }, span)];
}

/** The path as it arrives, if decoding is all that it lacks. */
function decoding(path: string, span: Span): { fix?: Fix } {
  const meant = decodeUnreserved(path);
  if (meant === path || typeof parsePath(meant) === "string") return {};
  const newText = decodeUnreserved(span.source.text.slice(span.start, span.end));
  return { fix: { title: `write \`${meant}\``, safe: true, edits: [{ span, newText }] } };
}

/** What is wrong with the regular expressions among conditions on headers or on parameters of the query. */
export function checkConditions(
  conditions: Readonly<Record<string, unknown>> = {},
  place: (name: string) => Span,
): Diagnostic[] {
  return Object.entries(conditions).flatMap(([name, value]) =>
    typeof value === "string" && value.startsWith("~") ? checkRegex(value.slice(1), place(name)) : [],
  );
}

/** Why a regular expression of RE2 is none, or is too large. */
function checkRegex(regex: string, span: Diagnostic["span"]): Diagnostic[] {
  if (regex === "") return [diagnose("SL0303", { reason: "it is empty" }, span)];
  const compiled = compileRe2(regex);
  if (!compiled.ok)
    return [diagnose("SL0303", { reason: compiled.error.replace(/^error parsing regexp: /, "") }, span)];
  if (compiled.size <= MAX_REGEX_PROGRAM) return [];
  return [
    diagnose(
      "SL0303",
      { reason: `it needs about ${compiled.size} RE2 instructions, and ${MAX_REGEX_PROGRAM} are allowed` },
      span,
    ),
  ];
}
