import type { z } from "zod";
import type { Part } from "../diagnostics/catalog/entry.js";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { PolicyPlan } from "../plan/plan.js";
import { locate, type MapNode, type Node, nodeAt, type Path, toValue } from "../syntax/document.js";
import { checkWhen, conducted } from "./conduct.js";
import { type Fit, fittingValue, leaveOut } from "./fit.js";
import { type Gateway, gatewaySchema, partialGatewaySchema, policy as policySchema } from "./gateway.js";
import { issuesToDiagnostics, type Place, unknownKey } from "./issues.js";
import { knownKeys } from "./keys.js";
import type { PolicyKind } from "./kind.js";
import { checkReferences } from "./references.js";
import { checkRoutes } from "./routes.js";
import { checkServices } from "./services.js";

/** A policy file that fits the schema, with the plan of each policy and the places of everything. */
export interface CheckedGateway {
  /** As written, but for items of lists that do not fit. */
  root: MapNode;
  gateway: Gateway;
  /** Plans of the policies without an error, by name, in the order of the file. */
  policies: Map<string, PolicyPlan>;
  place: Place;
  /** Parts of which something could not be read or does not fit; what needs them entirely is not found out. */
  incomplete: ReadonlySet<Part>;
}

type Issue = z.core.$ZodIssue;

function placesIn(root: Node): Place {
  return (path, part = "value") => locate(root, path, part);
}

/** Keys of a policy that are no kind. */
const NOT_A_KIND = Object.keys(policySchema.shape);

/**
 * Checks the shape of a policy file, then its meaning. A part that does not fit is left out of the second step, so that
 * all findings come at once; with any error among them the result must not be compiled.
 *
 * @param complete false if a file of the gateway could not be read
 */
export function checkGateway(
  root: Node,
  kinds: readonly PolicyKind[],
  complete = true,
): { checked?: CheckedGateway; diagnostics: Diagnostic[] } {
  if (root.kind !== "map")
    return {
      diagnostics: [
        diagnose("SL0103", { expected: "a mapping", found: root.kind === "list" ? "a list" : "a text" }, root.span),
      ],
    };

  const diagnostics: Diagnostic[] = [];
  const shape = readShape(root, placesIn(root), diagnostics, complete);
  if (shape === undefined) return { diagnostics };
  const { gateway } = shape;
  const place = placesIn(shape.root);

  const policies = new Map<string, PolicyPlan>();
  for (const [name, body] of Object.entries(gateway.policies)) {
    const plan = planPolicy(name, body, {
      gateway,
      kinds,
      root: shape.root,
      place,
      report: (finding) => diagnostics.push(finding),
    });
    if (plan === undefined) shape.incomplete.add("policies");
    else policies.set(name, plan);
  }
  const checked: CheckedGateway = { root: shape.root, gateway, policies, place, incomplete: shape.incomplete };
  const references = checkReferences(checked);
  for (const part of references.unresolved) shape.incomplete.add(part);
  const found = [...diagnostics, ...checkServices(checked), ...checkRoutes(checked), ...references.diagnostics];
  return { checked, diagnostics: found };
}

/** Rounds of leaving out what does not fit, each from the inside out; a value is not deeper than this. */
const ROUNDS = 16;

interface Shape {
  root: MapNode;
  gateway: Gateway;
  incomplete: Set<Part>;
}

/** The gateway without what does not fit its schema. Absent if it is written in another language than this one. */
function readShape(root: MapNode, place: Place, diagnostics: Diagnostic[], complete: boolean): Shape | undefined {
  const incomplete = new Set<Part>(complete ? [] : PARTS);
  const whole = gatewaySchema.safeParse(toValue(root), { reportInput: true });
  if (whole.success) return { root, gateway: whole.data, incomplete };
  // A section that is not there may be in a file that could not be read.
  const isKnown = (issue: Issue) =>
    complete || !(issue.path.length === 1 && nodeAt(root, plainPath(issue)) === undefined);
  const known = whole.error.issues.filter(isKnown);
  for (const finding of issuesToDiagnostics(known, place, (path) => knownKeys(gatewaySchema, path)))
    diagnostics.push(finding);

  let fit: Fit = { written: root, fitting: root };
  let issues: readonly Issue[] = whole.error.issues;
  for (let round = 0; round < ROUNDS; round++) {
    const { fit: rest, left } = leaveOut(fit, issues.flatMap(unfitting));
    for (const path of left) for (const part of partsOf(path)) incomplete.add(part);
    fit = rest;
    const result = partialGatewaySchema.safeParse(fittingValue(fit), { reportInput: true });
    if (result.success) return { root: fit.written, gateway: result.data, incomplete };
    issues = result.error.issues;
    if (left.length === 0 && round > 0) return undefined;
  }
  return undefined;
}

const PARTS: readonly Part[] = [
  "names",
  "listeners",
  "services",
  "consumers",
  "policies",
  "routes",
  "defaults",
  "mandatory",
];

/** What is no longer known entirely when a path is left out. */
function partsOf([section, ...inner]: Path): Part[] {
  const isWhole = inner.length === 0;
  return PARTS.filter(
    (part) => part === section || (part === "names" && isWhole && (section === "services" || section === "policies")),
  );
}

/** The paths that an issue takes away. */
function unfitting(issue: Issue): Path[] {
  const path = plainPath(issue);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => [...path, key]);
  const [section, index, key] = path;
  // Without a part of its match a route would take other requests, and without a policy it would be open to more callers.
  const isWhole = section === "routes" && index !== undefined && ["match", "apply", "except"].includes(String(key));
  return [isWhole ? [section, index] : path];
}

function plainPath({ path }: Issue): Path {
  return path.map((part) => (typeof part === "symbol" ? part.toString() : part));
}

interface PolicyScope {
  gateway: Gateway;
  kinds: readonly PolicyKind[];
  root: Node;
  place: Place;
  report(diagnostic: Diagnostic): void;
}

function planPolicy(name: string, body: Gateway["policies"][string], scope: PolicyScope): PolicyPlan | undefined {
  const path = ["policies", name];
  const known = scope.kinds.map((kind) => kind.name);
  const used: PolicyKind[] = [];
  for (const key of Object.keys(body)) {
    if (NOT_A_KIND.includes(key)) continue;
    const kind = scope.kinds.find((candidate) => candidate.name === key);
    if (kind !== undefined) used.push(kind);
    else scope.report(unknownKey(key, path, scope.place, [...known, ...NOT_A_KIND]));
  }
  const [kind, second] = used;
  if (kind === undefined) {
    if (Object.keys(body).every((key) => NOT_A_KIND.includes(key)))
      scope.report(diagnose("SL0401", { policy: name, kinds: known.join(", ") }, scope.place(path, "key")));
    return undefined;
  }
  if (second !== undefined) {
    const related = [{ message: `\`${kind.name}\` is here`, span: scope.place([...path, kind.name], "key") }];
    scope.report(
      diagnose("SL0402", { policy: name, kind: second.name }, scope.place([...path, second.name], "key"), { related }),
    );
    return undefined;
  }
  const base = [...path, kind.name];
  const plan = kind.plan(body[kind.name], {
    policy: name,
    gateway: scope.gateway,
    place: (inner, part = "value") => scope.place([...base, ...inner], part),
    node: (inner) => nodeAt(scope.root, [...base, ...inner]),
    report: scope.report,
  });
  const beside = {
    place: (inner: Path, part?: "key" | "value") => scope.place([...path, ...inner], part),
    node: nodeAt(scope.root, path),
    report: scope.report,
  };
  const when = checkWhen(body, beside);
  const { description } = body;
  const whole = plan && conducted(plan, body, when, beside);
  return whole === undefined || description === undefined ? whole : { ...whole, description };
}
