import { type Diagnostic, diagnose, type Fix } from "../diagnostics/diagnostic.js";
import { type Node, nodeAt, type Path } from "../syntax/document.js";
import { removal, removeEntry, replacement } from "../syntax/edits.js";
import type { CheckedGateway } from "./check.js";
import { targetsOf } from "./destinations.js";
import { DEFAULT_TIMEOUT_MS, type Route } from "./gateway.js";
import { callsGrpc } from "./grpc.js";
import { durationText } from "./values.js";

/** Retries of each route, and those of one service together. */
export function checkRetries(checked: CheckedGateway): Diagnostic[] {
  const { gateway } = checked;
  return [...gateway.routes.flatMap((route, index) => times(route, index, checked)), ...budgets(checked)];
}

function times(route: Route, index: number, checked: CheckedGateway): Diagnostic[] {
  const { retry } = route;
  const { timeout = callsGrpc(route, checked.gateway) ? Number.POSITIVE_INFINITY : DEFAULT_TIMEOUT_MS } = route;
  const base = ["routes", index, "retry"];
  const diagnostics: Diagnostic[] = [];
  const { perTry, backoff } = retry ?? {};
  if (perTry !== undefined && perTry >= timeout) {
    const path = [...base, "perTry"];
    const fix = shorterTries(timeout, retry?.attempts ?? 0, nodeAt(checked.root, path));
    diagnostics.push(diagnose("SL0320", { timeout: durationText(timeout) }, checked.place(path), fix));
  }
  diagnostics.push(...unfitting(retry, timeout, base, checked));
  if (backoff?.max !== undefined && backoff.max < backoff.base)
    diagnostics.push(
      diagnose(
        "SL0324",
        { max: durationText(backoff.max), base: durationText(backoff.base) },
        checked.place([...base, "backoff", "max"]),
      ),
    );
  return diagnostics;
}

/** Tries that would begin when the time of the route is over, or end then. */
function unfitting(retry: Route["retry"], timeout: number, base: Path, { root, place }: CheckedGateway): Diagnostic[] {
  const { perTry, attempts } = retry ?? {};
  if (perTry === undefined || attempts === undefined || perTry >= timeout || perTry * (attempts + 1) <= timeout)
    return [];
  const path = [...base, "perTry"];
  const tries = attempts + 1;
  const fix = shorterTries(timeout, attempts, nodeAt(root, path));
  const parameters = { fit: Math.floor(timeout / perTry), tries, perTry: durationText(perTry) };
  return [diagnose("SL0361", { ...parameters, timeout: durationText(timeout) }, place(path), fix)];
}

/** Tries that all fit into the time of the route, if it has as many milliseconds. */
function shorterTries(timeout: number, attempts: number, perTry: Node | undefined): { fix?: Fix } {
  const most = Math.floor(timeout / (attempts + 1));
  return most < 1 ? {} : replacement(`write \`perTry: ${durationText(most)}\``, perTry, durationText(most));
}

/** A service has one budget, which Envoy takes in place of a number of retries. */
function budgets(checked: CheckedGateway): Diagnostic[] {
  const { gateway, place } = checked;
  const diagnostics: Diagnostic[] = [];
  const first = new Map<string, { route: Route; budget: number; index: number }>();
  for (const [index, route] of gateway.routes.entries()) {
    const budget = route.retry?.budget;
    if (budget === undefined) continue;
    const span = place(["routes", index, "retry", "budget"]);
    for (const { service } of targetsOf(route)) {
      const before = first.get(service);
      if (before === undefined) first.set(service, { route, budget, index });
      else if (before.budget !== budget) {
        const related = [
          { message: "the other budget is here", span: place(["routes", before.index, "retry", "budget"]) },
        ];
        const parameters = { service, first: `${before.budget}%`, route: before.route.name, budget: `${budget}%` };
        const fix = replacement(
          `write \`budget: ${parameters.first}\``,
          nodeAt(checked.root, ["routes", index, "retry", "budget"]),
          parameters.first,
        );
        diagnostics.push(diagnose("SL0321", parameters, span, { related, ...fix }));
      }
    }
  }
  for (const [service, { route }] of first) {
    const path = ["services", service, "circuitBreakers"];
    if (nodeAt(checked.root, [...path, "retries"]) !== undefined)
      diagnostics.push(
        diagnose(
          "SL0643",
          { route: route.name },
          place([...path, "retries"], "key"),
          withoutKey(checked, path, "retries", true),
        ),
      );
  }
  return diagnostics;
}

function withoutKey({ root }: CheckedGateway, path: Path, key: string, safe: boolean): { fix?: Fix } {
  const node = nodeAt(root, path);
  return removal(`remove \`${key}\``, safe, removeEntry(node, key));
}
