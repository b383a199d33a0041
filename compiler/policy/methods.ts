import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { nearest } from "../diagnostics/suggest.js";
import { nodeAt } from "../syntax/document.js";
import { removal, removeListed, scalarText } from "../syntax/edits.js";
import type { CheckedGateway } from "./check.js";

/**
 * The methods with which requests arrive over HTTP/1.1: Envoy 1.40 answers any other 400, and CONNECT 403, before a route
 * is looked for. Over HTTP/2 all arrive but CONNECT.
 */
export const HTTP1_METHODS: readonly string[] = [
  "ACL",
  "BIND",
  "CHECKOUT",
  "COPY",
  "DELETE",
  "GET",
  "HEAD",
  "LINK",
  "LOCK",
  "MERGE",
  "MKACTIVITY",
  "MKCALENDAR",
  "MKCOL",
  "MOVE",
  "MSEARCH",
  "NOTIFY",
  "OPTIONS",
  "PATCH",
  "POST",
  "PROPFIND",
  "PROPPATCH",
  "PURGE",
  "PUT",
  "REBIND",
  "REPORT",
  "SEARCH",
  "SOURCE",
  "SUBSCRIBE",
  "TRACE",
  "UNBIND",
  "UNLINK",
  "UNLOCK",
  "UNSUBSCRIBE",
];

/** Methods of routes that HTTP/1.1 never brings, and those that stand twice. */
export function checkMethods(checked: CheckedGateway): Diagnostic[] {
  return checked.gateway.routes.flatMap(({ match }, route) => {
    const methods = match.methods ?? [];
    return methods.flatMap((method, position) => {
      const first = methods.indexOf(method);
      if (first < position) return [repeated(checked, method, { route, position, first })];
      return HTTP1_METHODS.includes(method) ? [] : [unread(checked, method, { route, position })];
    });
  });
}

interface Position {
  route: number;
  position: number;
}

function unread({ place }: CheckedGateway, method: string, { route, position }: Position): Diagnostic {
  const span = place(["routes", route, "match", "methods", position]);
  const meant = nearest(method, HTTP1_METHODS);
  if (meant === undefined) return diagnose("SL0314", { method, hint: "" }, span);
  return diagnose("SL0314", { method, hint: `; did you mean \`${meant}\`?` }, span, {
    fix: { title: `write \`${meant}\``, safe: false, edits: [{ span, newText: scalarText(meant) }] },
  });
}

function repeated(
  { root, place }: CheckedGateway,
  method: string,
  { route, position, first }: Position & { first: number },
): Diagnostic {
  const methods = ["routes", route, "match", "methods"];
  const edits = removeListed(nodeAt(root, ["routes", route, "match"]), "methods", position);
  return diagnose("SL0315", { method }, place([...methods, position]), {
    related: [{ message: "first named here", span: place([...methods, first]) }],
    ...removal("remove it", true, edits),
  });
}
