import { fractionText } from "../policy/values.js";
import { formatSpan, SourceFile, type Span } from "../syntax/source.js";
import { callersText, targetsOf } from "./callers.js";
import { isGenerated, operationName } from "./names.js";
import {
  type ForwardAction,
  type GatewayPlan,
  type HostPlan,
  headersRead,
  type PolicyPlan,
  type RouteAction,
  type RoutePlan,
  type Target,
} from "./plan.js";
import type { HashSource, RetryPlan } from "./resilience.js";
import { matchOf, matchText } from "./shown.js";

/** The effective policies of a route in order of execution, one a line, with where each was asked for. */
export function explainRoute(plan: GatewayPlan, name: string): string {
  const entries = plan.hosts.flatMap((host) =>
    host.routes.filter((route) => route.name === name).map((route) => ({ host, route })),
  );
  const first = entries[0]?.route;
  if (first === undefined) return "";
  const seen = new Set<string>();
  const matches = entries.flatMap(({ host, route }) => {
    const line = `  ${routeLine(host, route)}\n`;
    if (seen.has(line)) return [];
    seen.add(line);
    return [line];
  });
  const rows = first.run.map((applied, index) => {
    const policy = plan.policies.find((candidate) => candidate.name === applied.policy);
    return [
      `${index + 1}.`,
      applied.policy,
      policy?.kind ?? "",
      `${applied.via} ${formatSpan(applied.origin)}`,
      conductOf(policy),
    ];
  });
  const policies = rows.length === 0 ? "  no policy\n" : table(rows);
  const more = [
    ...insistence(plan, first.action),
    ...needs(plan, first),
    ...turnedOff(first),
    ...leftOut(plan, first),
    ...definitions(plan, first),
  ];
  return `route ${name} (${formatSpan(first.origin)})${listenersText(entries)}\n${matches.join("")}${policies}${more.map((line) => `  ${line}\n`).join("")}`;
}

/** Where not all listeners have the same routes. */
function listenersText(entries: readonly { host: HostPlan }[]): string {
  const names = [...new Set(entries.flatMap(({ host }) => host.listeners ?? []))];
  return names.length === 0 ? "" : ` on ${names.join(", ")}`;
}

/** How the services of a route are asked, where the file says so. */
function insistence({ services }: GatewayPlan, action: RouteAction): string[] {
  if (action.type !== "forward") return [];
  const { retry, idleTimeoutMs, hashBy, mirror = [], rewrite, hedges, upgrades, callers = [], errors = [] } = action;
  const to = targetsOf(action);
  const budgets = services.flatMap(({ name, breakers: { retries } = {} }) =>
    to.some(({ service }) => service === name) && retries !== undefined && "budgetPercent" in retries
      ? [`${retries.budgetPercent}% of what is under way to ${name}`]
      : [],
  );
  return [
    ...callers.map((some) => `leads ${callersText(some)} to ${servicesText(some.to)} (${formatSpan(some.origin)})`),
    ...(rewrite?.path === undefined ? [] : [`asks for the path ${rewrite.path.text}`]),
    ...(rewrite?.host === undefined ? [] : [`asks for the host ${rewrite.host.text}`]),
    ...(retry === undefined ? [] : [[retryText(retry), ...budgets].join(", at most ")]),
    ...(idleTimeoutMs === undefined ? [] : [`gives up after ${idleTimeoutMs} ms of silence`]),
    ...(hashBy === undefined ? [] : [`chooses the endpoint by ${hashBy.map(hashText).join(", ")}`]),
    ...(hedges ? ["takes the first answer of tries that take too long"] : []),
    ...(upgrades ? ["lets clients make a WebSocket of the connection"] : []),
    ...services.flatMap(({ name, failover = [] }) =>
      failover.length > 0 && to.some(({ service }) => service === name)
        ? [`turns to ${failover.join(", then ")} while ${name} is not well`]
        : [],
    ),
    ...shedding(services, action),
    ...(errors.length === 0 ? [] : [`answers a page in place of ${errors.map(({ on }) => on).join(", ")}`]),
    ...mirror.map(({ service, millionths }) => `copies ${fractionText(millionths)} of the requests to ${service}`),
  ];
}

/** What keeps its service from having more to do than it can. */
function shedding(services: GatewayPlan["services"], { sheds, upgrades }: ForwardAction): string[] {
  const { admission, adaptiveConcurrency: limit } = services.find(({ name }) => name === sheds) ?? {};
  return [
    ...(admission === undefined
      ? []
      : [`refuses some while fewer than ${admission.successPercent}% of the requests to ${sheds} succeed`]),
    ...(limit === undefined || upgrades
      ? []
      : [`lets ${limit.min} to ${limit.max} requests to ${sheds} be under way, as many as it answers without delay`]),
  ];
}

function retryText({ attempts, conditions, statuses, perTryMs, otherHosts }: RetryPlan): string {
  const times = attempts === 1 ? "once more" : `up to ${attempts} times more`;
  const where = otherHosts ? ", elsewhere if possible" : "";
  const each = perTryMs === undefined ? "" : `, ${perTryMs} ms each`;
  return `asks ${times} after ${[...conditions, ...statuses].join(", ")}${each}${where}`;
}

function hashText(source: HashSource): string {
  return source.from === "address" ? "the client's address" : `${source.from} ${source.name}`;
}

function policiesOf(plan: GatewayPlan, route: RoutePlan): PolicyPlan[] {
  return route.run.flatMap(({ policy }) => plan.policies.find(({ name }) => name === policy) ?? []);
}

/** What the policies of a route must know of a request, and who finds it out. */
function needs(plan: GatewayPlan, route: RoutePlan): string[] {
  const policies = policiesOf(plan, route);
  const required = unique(policies.flatMap((policy) => policy.requires.map(({ attribute }) => attribute)));
  const headers = unique(policies.flatMap(headersRead));
  const providers = [...policies.map((policy) => policy.name), undefined];
  const found = (attribute: string) => policies.find((policy) => policy.provides.includes(attribute))?.name;
  const lines = providers.flatMap((name) => {
    const attributes = required.filter((attribute) => found(attribute) === name);
    return attributes.length === 0 ? [] : [`needs ${attributes.join(", ")} from ${name ?? "the path"}`];
  });
  return [...lines, ...(headers.length === 0 ? [] : [`reads header ${headers.join(", ")}`])];
}

/** How a policy is carried out, where it is not simply enforced on every request. */
function conductOf(policy: PolicyPlan | undefined): string {
  const parts = [
    ...(policy?.mode === undefined ? [] : ["in shadow"]),
    ...(policy?.when === undefined ? [] : [`when ${policy.when.text.replace(/\s+/g, " ").trim()}`]),
    ...(policy?.onError === undefined ? [] : ["denies if it fails"]),
  ];
  return parts.join(", ");
}

function turnedOff({ off = [] }: RoutePlan): string[] {
  return off.map(({ policy, via, origin }) => `without ${policy}, which is off (${via} ${formatSpan(origin)})`);
}

/** Defaults of other routes that this one does not run. */
function leftOut(plan: GatewayPlan, route: RoutePlan): string[] {
  if (isGenerated(route)) return [];
  const own = new Set(route.run.map(({ policy }) => policy));
  const here = plan.hosts.filter((host) => host.routes.includes(route)).flatMap(({ listeners = [] }) => listeners);
  const alike = plan.hosts.filter((host) => host.listeners?.some((name) => here.includes(name)) ?? true);
  const defaults = alike.flatMap((host) =>
    host.routes.flatMap(({ run }) => run.filter(({ via }) => via === "defaults")),
  );
  const left = new Map(defaults.map(({ policy, origin }) => [policy, origin]));
  return [...left]
    .filter(([policy]) => !own.has(policy))
    .map(([policy, origin]) => `without ${policy}, a default (${formatSpan(origin)}) that its \`except\` leaves out`);
}

function definitions(plan: GatewayPlan, route: RoutePlan): string[] {
  return policiesOf(plan, route).map((policy) => {
    const text = policy.description?.trim().split("\n", 1)[0];
    return `${policy.name} is defined at ${formatSpan(policy.origin)}${text === undefined ? "" : `: ${text}`}`;
  });
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].toSorted();
}

/** What a route takes in a virtual host and where that goes, on one line. */
export function routeLine(host: HostPlan, route: RoutePlan): string {
  return `${matchText(matchOf(host.domains, route))} -> ${actionOf(route.action)}${operationOf(route)}`;
}

function operationOf({ operation, rest }: RoutePlan): string {
  if (rest !== undefined) return `, as ${rest.policy} has no such operation`;
  return operation === undefined ? "" : `, as ${operationName(operation)}`;
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

function actionOf(action: RouteAction): string {
  switch (action.type) {
    case "forward":
      return servicesText(action.to);
    case "respond":
      return `answers ${action.status}`;
    case "redirect":
      return `redirects ${action.status}`;
  }
}

function servicesText(to: readonly Target[]): string {
  return to.map(({ service, weight }) => (to.length === 1 ? service : `${service} (${weight})`)).join(", ");
}

/** The plan as plain data: every place as `file:line:column`. */
export function planOutline(plan: GatewayPlan): unknown {
  return outline(plan);
}

function outline(value: unknown): unknown {
  if (isSpan(value)) return formatSpan(value);
  if (Array.isArray(value)) return value.map(outline);
  if (typeof value !== "object" || value === null) return value;
  // The model of a kind is a function and no data.
  const data = Object.entries(value).filter(([, inner]) => typeof inner !== "function");
  return Object.fromEntries(data.map(([key, inner]) => [key, outline(inner)]));
}

function isSpan(value: unknown): value is Span {
  return typeof value === "object" && value !== null && "source" in value && value.source instanceof SourceFile;
}
