import { type Diagnostic, diagnose, type Fix } from "../diagnostics/diagnostic.js";
import type { CheckedGateway } from "../policy/check.js";
import { capturesOf, type PathPattern, parsePath } from "../policy/path.js";
import { type Direction, listOf, routeDirection } from "../policy/sidecar.js";
import { nodeAt, type Path } from "../syntax/document.js";
import { removal, removeListed } from "../syntax/edits.js";
import type { Span } from "../syntax/source.js";
import { unknownCallers } from "./callers.js";
import { converterOf } from "./operations.js";
import { type AppliedPolicy, PHASES, type PolicyPlan } from "./plan.js";

/** The route whose policies are asked for: of the file, the answers that the compiler adds itself (404, 405) by direction, or those to `hosts` of services. */
export type RouteIndex = number | Direction | "hosts";

/**
 * Effective policy of a route = mandatory + (defaults - except) + apply, by phase, then by list. Policies with an error
 * of their own are left out: they were reported already. Those that are off are told apart.
 */
export function effectivePolicies(
  checked: CheckedGateway,
  index: RouteIndex,
): { run: AppliedPolicy[]; off: AppliedPolicy[]; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const applied: AppliedPolicy[] = [];
  for (const candidate of listed(checked, index)) {
    const first = applied.find((other) => other.policy === candidate.policy);
    if (first === undefined) applied.push(candidate);
    else
      diagnostics.push(
        diagnose("SL0407", { policy: candidate.policy }, candidate.origin, {
          related: [{ message: "already applied here", span: first.origin }],
          ...dropDuplicate(checked, index, candidate),
        }),
      );
  }
  const known = applied.flatMap((item) => {
    const plan = checked.policies.get(item.policy);
    return plan === undefined ? [] : [{ item, plan }];
  });
  const off = known.filter(({ plan }) => plan.mode?.is === "off");
  const on = known.filter(({ plan }) => plan.mode?.is !== "off");
  const ordered = PHASES.flatMap((phase) => on.filter(({ plan }) => plan.phase === phase));
  diagnostics.push(...checkNumbers(ordered));
  diagnostics.push(...checkOrder(ordered, off, applied.length === known.length));
  if (applied.length === known.length) diagnostics.push(...checkCallers(checked, index, ordered, off));
  const run = ordered.map(({ item }) => item);
  diagnostics.push(...checkCaptures(ordered, capturing(checked, index, run)));
  return { run, off: off.map(({ item }) => item), diagnostics };
}

/** The second of two equal names in the list of a route; a default that is mandatory too has a list of its own. */
function dropDuplicate(checked: CheckedGateway, index: RouteIndex, second: AppliedPolicy): { fix?: Fix } {
  if (second.via === "mandatory" || (second.via === "apply" && typeof index !== "number")) return {};
  const path = second.via === "defaults" ? ["defaults"] : ["routes", index];
  const key = second.via === "defaults" ? listOf(directionOfIndex(index, checked)) : "apply";
  const holder = nodeAt(checked.root, path);
  const list = nodeAt(checked.root, [...path, key]);
  const position = list?.kind === "list" ? list.items.findIndex(({ span }) => span.start === second.origin.start) : -1;
  return removal(`remove it from \`${key}\``, true, removeListed(holder, key, position));
}

function directionOfIndex(index: RouteIndex, { gateway }: CheckedGateway): Direction {
  if (index === "inbound") return "inbound";
  const route = typeof index === "number" ? gateway.routes[index] : undefined;
  return route === undefined ? "outbound" : routeDirection(route, gateway);
}

function listed(checked: CheckedGateway, index: RouteIndex): AppliedPolicy[] {
  const { gateway, place } = checked;
  const items = (names: string[], via: AppliedPolicy["via"], path: Path): AppliedPolicy[] =>
    names.map((policy, position) => ({ policy, via, origin: place([...path, position]) }));
  const list = listOf(directionOfIndex(index, checked));
  const mandatory = items(gateway.mandatory[list], "mandatory", ["mandatory", list]);
  const defaults = items(gateway.defaults[list], "defaults", ["defaults", list]);
  if (index === "hosts") return [...mandatory, ...defaults];
  const route = typeof index === "number" ? gateway.routes[index] : undefined;
  if (route === undefined) return mandatory;
  return [
    ...mandatory,
    ...defaults.filter((item) => !route.except.includes(item.policy)),
    ...items(route.apply, "apply", ["routes", index, "apply"]),
  ];
}

/** Phases of which a route has one policy at most. */
const ALONE: readonly PolicyPlan["phase"][] = ["fault", "cors", "trace", "authenticate", "externalAuth", "compress"];

interface Step {
  item: AppliedPolicy;
  plan: PolicyPlan;
}

/** How many policies the module takes for a route, and how many limits of one phase: it keeps them in fixed tables. */
const MOST_POLICIES = 64;
const MOST_LIMITS = 16;

function checkNumbers(steps: readonly Step[]): Diagnostic[] {
  const tooMany = (some: readonly Step[], most: number, what: string): Diagnostic[] => {
    const first = some[most];
    return first === undefined ? [] : [diagnose("SL0409", { count: some.length, what, most }, first.item.origin)];
  };
  return [
    ...tooMany(steps, MOST_POLICIES, "policies"),
    ...(["limit", "limit-by-identity"] as const).flatMap((phase) =>
      tooMany(
        steps.filter((step) => step.plan.phase === phase),
        MOST_LIMITS,
        phase === "limit" ? "limits before identity is known" : "limits by identity",
      ),
    ),
  ];
}

const CAPTURE = "route.params.";

/** Who captures segments of the path, as the beginning of a sentence about it. */
interface Capturing {
  where: string;
  /** Absent if it captures nothing. */
  path?: PathPattern;
}

/** What captures for the policies of a route: its operations, where it has some. Generated answers capture nothing. */
function capturing(checked: CheckedGateway, index: RouteIndex, run: readonly AppliedPolicy[]): Capturing[] {
  const route = typeof index === "number" ? checked.gateway.routes[index] : undefined;
  if (index === "hosts") return [{ where: "the routes to `hosts` of services capture" }];
  if (route === undefined) return [{ where: "the answers to unknown paths (404, 405) capture" }];
  const converter = converterOf(run, checked.policies);
  if (converter !== undefined)
    return converter.operations.map(({ name, match: { path } }) => ({
      where: `the path of the operation \`${name}\` captures`,
      path,
    }));
  const path = parsePath(route.match.path);
  // A path that is none was reported already.
  return typeof path === "string" ? [] : [{ where: `the path of \`${route.name}\` captures`, path }];
}

/** What a path does not capture, no policy may read on it. */
function checkCaptures(steps: readonly Step[], capturing: readonly Capturing[]): Diagnostic[] {
  return capturing.flatMap((one) => uncaptured(steps, one));
}

function uncaptured(steps: readonly Step[], { where, path }: Capturing): Diagnostic[] {
  const captured = new Set(path && capturesOf(path).map(({ name }) => CAPTURE + name));
  return steps.flatMap(({ item, plan }) =>
    plan.requires
      .filter(({ attribute }) => attribute.startsWith(CAPTURE) && !captured.has(attribute))
      .map(({ attribute, origin }) =>
        diagnose(
          "SL0527",
          { policy: plan.name, attribute, where, capture: attribute.slice(CAPTURE.length) },
          item.origin,
          {
            related: [{ message: `\`${attribute}\` is used here`, span: origin }],
          },
        ),
      ),
  );
}

/**
 * What the chain of one route must satisfy: one policy at most of some phases, and every attribute known before it is used.
 *
 * @param off what the route would run as well
 * @param complete false if a policy of the chain has an error, so that what it would provide is not known
 */
function checkOrder(steps: readonly Step[], off: readonly Step[], complete: boolean): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const idle = [...steps, ...off].filter(({ plan }) => plan.mode !== undefined);
  const provided = new Map<string, Step>();
  for (const step of steps) {
    for (const need of complete ? step.plan.requires : [])
      if (!need.attribute.startsWith(CAPTURE) && !provided.has(need.attribute))
        diagnostics.push(
          diagnose(
            "SL0408",
            { policy: step.plan.name, attribute: need.attribute, reason: whyUnknown(need.attribute, steps) },
            step.item.origin,
            {
              related: [
                { message: `\`${need.attribute}\` is used here`, span: need.origin },
                ...whoWould(need.attribute, idle),
              ],
            },
          ),
        );
    if (ALONE.includes(step.plan.phase)) {
      const first = steps.find((other) => other.plan.phase === step.plan.phase);
      if (first !== undefined && first !== step)
        diagnostics.push(
          diagnose(
            "SL0404",
            { policy: step.plan.name, kind: step.plan.kind, first: first.plan.name },
            step.item.origin,
            {
              related: [{ message: `\`${first.plan.name}\` is applied here`, span: first.item.origin }],
            },
          ),
        );
    }
    if (step.plan.mode === undefined) for (const attribute of step.plan.provides) provided.set(attribute, step);
  }
  return diagnostics;
}

/** Callers by whom a route chooses, though nothing on it finds out who calls. */
function checkCallers(
  checked: CheckedGateway,
  index: RouteIndex,
  steps: readonly Step[],
  off: readonly Step[],
): Diagnostic[] {
  if (typeof index !== "number") return [];
  const route = checked.gateway.routes[index];
  if (route === undefined) return [];
  const enforced = steps.filter(({ plan }) => plan.mode === undefined);
  const provided = new Set(enforced.flatMap(({ plan }) => plan.provides));
  const idle = [...steps, ...off].filter(({ plan }) => plan.mode !== undefined);
  const why = (attribute: string) => ({ reason: whyUnknown(attribute, steps), related: whoWould(attribute, idle) });
  return unknownCallers(route, index, provided, why, checked);
}

function whyUnknown(attribute: string, steps: readonly Step[]): string {
  const known = steps.find(({ plan }) => plan.mode === undefined && plan.phase === "authenticate")?.plan;
  if (known === undefined) return "nothing on this route finds out who calls";
  return known.provides.includes(attribute)
    ? `it is known only after \`${known.name}\``
    : `no method of \`${known.name}\` tells it`;
}

/** Who would find out an attribute were they enforced. */
function whoWould(attribute: string, idle: readonly Step[]): { message: string; span: Span }[] {
  return idle.flatMap(({ plan: { name, mode, provides } }) =>
    mode === undefined || !provides.includes(attribute)
      ? []
      : [
          {
            message: `\`${name}\` would find it out, but is ${mode.is === "off" ? "off" : "in shadow"}`,
            span: mode.origin,
          },
        ],
  );
}
