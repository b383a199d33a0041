import type { Part } from "../diagnostics/catalog/entry.js";
import { type Diagnostic, diagnose, type Fix } from "../diagnostics/diagnostic.js";
import { nearest } from "../diagnostics/suggest.js";
import { nodeAt, type Path } from "../syntax/document.js";
import { removal, removeListed, scalarText } from "../syntax/edits.js";
import type { Span } from "../syntax/source.js";
import type { CheckedGateway } from "./check.js";
import { destinationsOf } from "./destinations.js";
import { listOf, routeDirection } from "./sidecar.js";

/**
 * Every name that points at something: services of routes, policies of routes, defaults and mandatory.
 *
 * @returns also the parts that apply a policy nobody knows: it may be any of those that seem not to be applied there
 */
export function checkReferences(checked: CheckedGateway): { diagnostics: Diagnostic[]; unresolved: ReadonlySet<Part> } {
  const { gateway, place } = checked;
  const diagnostics: Diagnostic[] = [];
  const unresolved = new Set<Part>();
  const services = namesUnder(checked, "services");
  const policies = namesUnder(checked, "policies");
  const used = new Set<string>();

  const known = { service: new Set(services), policy: new Set(policies) };
  const refer = (what: "service" | "policy", name: string, names: string[], path: Path) => {
    if (!known[what].has(name)) diagnostics.push(unknownName(what, name, names, place(path)));
  };
  const lists: [Part, string[], Path][] = [
    ...(["mandatory", "defaults"] as const).flatMap((part) =>
      (["apply", "outbound"] as const).map((key): [Part, string[], Path] => [part, gateway[part][key], [part, key]]),
    ),
    ...gateway.routes.map(({ apply }, index): [Part, string[], Path] => ["routes", apply, ["routes", index, "apply"]]),
  ];
  for (const [part, names, path] of lists)
    for (const [index, name] of names.entries()) {
      used.add(name);
      if (!known.policy.has(name)) unresolved.add(part);
      refer("policy", name, policies, [...path, index]);
    }
  for (const [name, { failover = [] }] of Object.entries(gateway.services))
    for (const [position, other] of failover.entries())
      refer("service", other, services, ["services", name, "failover", position]);
  for (const [index, route] of gateway.routes.entries()) {
    for (const { to, path } of destinationsOf(route, index)) {
      const isText = nodeAt(checked.root, path)?.kind === "scalar";
      for (const [position, target] of to.entries())
        refer("service", target.service, services, isText ? path : [...path, position, "service"]);
    }
    for (const [position, { service }] of (route.mirror ?? []).entries())
      refer("service", service, services, ["routes", index, "mirror", position, "service"]);
    const list = listOf(routeDirection(route, gateway));
    for (const [position, name] of route.except.entries()) {
      const path = ["routes", index, "except", position];
      if (!known.policy.has(name)) refer("policy", name, policies, path);
      else if (gateway.mandatory[list].includes(name))
        diagnostics.push(
          diagnose("SL0405", { policy: name }, place(path), {
            related: [declared(checked, [list, gateway.mandatory[list].indexOf(name)])],
            // Not safe: perhaps the policy should not be mandatory.
            ...dropException(checked, index, position, false),
          }),
        );
      else if (!gateway.defaults[list].includes(name))
        diagnostics.push(
          diagnose("SL0406", { policy: name }, place(path), dropException(checked, index, position, true)),
        );
    }
  }
  for (const { asks = [] } of checked.policies.values())
    for (const { service, origin } of asks)
      if (!known.service.has(service)) diagnostics.push(unknownName("service", service, services, origin));
  for (const name of policies)
    if (!used.has(name)) diagnostics.push(diagnose("SL0403", { policy: name }, place(["policies", name], "key")));
  return { diagnostics, unresolved };
}

function dropException(checked: CheckedGateway, route: number, position: number, safe: boolean): { fix?: Fix } {
  const edits = removeListed(nodeAt(checked.root, ["routes", route]), "except", position);
  return removal("remove it from `except`", safe, edits);
}

function declared(checked: CheckedGateway, path: Path) {
  return { message: "declared mandatory here", span: checked.place(["mandatory", ...path]) };
}

/** Names as they stand in the file, also those of entries that did not fit the schema. */
function namesUnder(checked: CheckedGateway, section: string): string[] {
  const node = nodeAt(checked.root, [section]);
  return node?.kind === "map" ? node.entries.map((entry) => String(entry.key.value)) : [];
}

/** A name that stands for nothing, with the nearest of those that do. */
export function unknownName(what: string, name: string, known: readonly string[], span: Span): Diagnostic {
  const suggestion = nearest(name, known);
  if (suggestion === undefined) return diagnose("SL0201", { what, name, hint: "" }, span);
  return diagnose("SL0201", { what, name, hint: `; did you mean \`${suggestion}\`?` }, span, {
    fix: { title: `write \`${suggestion}\``, safe: false, edits: [{ span, newText: scalarText(suggestion) }] },
  });
}
