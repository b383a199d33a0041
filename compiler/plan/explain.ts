import { formatSpan, SourceFile, type Span } from "../syntax/source.js";
import type { GatewayPlan, RouteAction, RoutePlan } from "./plan.js";

/** The effective policies of a route in order of execution, one a line, with where each was asked for. */
export function explainRoute(plan: GatewayPlan, name: string): string {
  const entries = plan.hosts.flatMap((host) =>
    host.routes.filter((route) => route.name === name).map((route) => ({ host, route })),
  );
  const first = entries[0]?.route;
  if (first === undefined) return "";
  const seen = new Set<string>();
  const matches = entries.flatMap(({ host, route }) => {
    const line = `  ${[host.domains.join(","), methodsOf(route), pathOf(route)].join(" ")} -> ${actionOf(route.action)}\n`;
    if (seen.has(line)) return [];
    seen.add(line);
    return [line];
  });
  const rows = first.run.map((applied, index) => {
    const policy = plan.policies.find((candidate) => candidate.name === applied.policy);
    return [`${index + 1}.`, applied.policy, policy?.kind ?? "", `${applied.via} ${formatSpan(applied.origin)}`];
  });
  const policies = rows.length === 0 ? "  no policy\n" : table(rows);
  return `route ${name} (${formatSpan(first.origin)})\n${matches.join("")}${policies}`;
}

function table(rows: readonly string[][]): string {
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, column) => Math.max(all[column] ?? 0, cell.length)),
    [],
  );
  return rows
    .map(
      (row) =>
        `  ${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

function methodsOf(route: RoutePlan): string {
  return route.match.methods.length === 0 ? "any method" : route.match.methods.join(",");
}

function pathOf(route: RoutePlan): string {
  const { path } = route.match;
  switch (path.form) {
    case "exact":
      return path.path;
    case "prefix":
      return `${path.path === "/" ? "" : path.path}/**`;
    case "regex":
      return `~${path.regex}`;
    case "template": {
      const segments = path.segments.map((segment) =>
        "literal" in segment ? segment.literal : "capture" in segment ? `{${segment.capture}}` : "*",
      );
      return `/${[...segments, ...(path.rest ? ["**"] : [])].join("/")}`;
    }
  }
}

function actionOf(action: RouteAction): string {
  switch (action.type) {
    case "forward":
      return action.to
        .map((target) => (action.to.length === 1 ? target.service : `${target.service} (${target.weight})`))
        .join(", ");
    case "respond":
      return `answers ${action.status}`;
    case "redirect":
      return `redirects ${action.status}`;
  }
}

/** The plan as plain data: every place as `file:line:column`. */
export function planOutline(plan: GatewayPlan): unknown {
  return outline(plan);
}

function outline(value: unknown): unknown {
  if (isSpan(value)) return formatSpan(value);
  if (Array.isArray(value)) return value.map(outline);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, outline(inner)]));
}

function isSpan(value: unknown): value is Span {
  return typeof value === "object" && value !== null && "source" in value && value.source instanceof SourceFile;
}
