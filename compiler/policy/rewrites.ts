import { type Diagnostic, diagnose, type Fix } from "../diagnostics/diagnostic.js";
import { nearest } from "../diagnostics/suggest.js";
import { nodeAt } from "../syntax/document.js";
import { scalarText } from "../syntax/edits.js";
import type { Span } from "../syntax/source.js";
import type { CheckedGateway } from "./check.js";
import type { Route } from "./gateway.js";
import { type PathPattern, parsePath } from "./path.js";
import { hasRest, type RewriteFault, rewriteHost, rewritePath, riskyGroups } from "./rewrite.js";

/** Paths and hosts that services get in place of those that clients send. */
export function checkRewrites(checked: CheckedGateway): Diagnostic[] {
  return checked.gateway.routes.flatMap((route, index) => {
    const pattern = parsePath(route.match.path);
    // A path that is none has a finding of its own.
    if (typeof pattern === "string" || nodeAt(checked.root, ["routes", index, "match", "path"]) === undefined)
      return [];
    const at = (key: "path" | "host") => checked.place(["routes", index, "rewrite", key]);
    return [...path(route, pattern, at("path")), ...host(route, pattern, at("host"))];
  });
}

function path({ rewrite, match }: Route, pattern: PathPattern, span: Span): Diagnostic[] {
  const text = rewrite?.path;
  if (text === undefined) return [];
  const made = rewritePath(pattern, text);
  if ("fault" in made) return [faulty("path", text, made, span)];
  if (pattern.form === "regex")
    return riskyGroups(pattern.regex, text).map((group) => diagnose("SL0336", { group: `\\${group}` }, span));
  if (!hasRest(pattern) || text.endsWith("/**")) return [];
  const below = `${text === "/" ? "" : text.replace(/\/$/, "")}/**`;
  return [diagnose("SL0335", { match: match.path, path: text, below }, span, written(below, span))];
}

function host({ rewrite }: Route, pattern: PathPattern, span: Span): Diagnostic[] {
  const text = rewrite?.host;
  if (text === undefined) return [];
  const made = rewriteHost(pattern, text);
  return "fault" in made ? [faulty("host", text, made, span)] : [];
}

function faulty(what: "path" | "host", text: string, fault: RewriteFault, span: Span): Diagnostic {
  switch (fault.fault) {
    case "form":
      return diagnose("SL0333", { text, what, reason: fault.reason }, span);
    case "rest":
      return diagnose("SL0334", { name: "/**", hint: "" }, span, written(text.slice(0, -"/**".length) || "/", span));
    case "unknown": {
      const meant = nearest(fault.name, fault.captures);
      const known =
        fault.captures.length === 0 ? "" : `; it has ${fault.captures.map((name) => `\`${name}\``).join(", ")}`;
      if (meant === undefined) return diagnose("SL0334", { name: fault.name, hint: known }, span);
      const fix = written(text.replace(fault.name, meant), span);
      return diagnose("SL0334", { name: fault.name, hint: `; did you mean \`${meant}\`?` }, span, fix);
    }
  }
}

function written(text: string, span: Span): { fix: Fix } {
  return { fix: { title: `write \`${text}\``, safe: false, edits: [{ span, newText: scalarText(text) }] } };
}
