import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { PolicyPlan } from "../plan/plan.js";
import { locate, type MapNode, type Node, nodeAt, type Path, toValue } from "../syntax/document.js";
import { type Gateway, gatewaySchema } from "./gateway.js";
import { issuesToDiagnostics, type Place, unknownKey } from "./issues.js";
import { knownKeys } from "./keys.js";
import type { PolicyKind } from "./kind.js";
import { checkReferences } from "./references.js";
import { checkRoutes } from "./routes.js";
import { checkServices } from "./services.js";

/** A policy file that fits the schema, with the plan of each policy and the places of everything. */
export interface CheckedGateway {
  root: MapNode;
  gateway: Gateway;
  /** Plans of the policies without an error, by name, in the order of the file. */
  policies: Map<string, PolicyPlan>;
  place: Place;
}

/** The word under which the file's own policies carry no kind: free text for people. */
const NOT_A_KIND = ["description"];

/**
 * Checks the shape of a policy file, then its meaning. A part that does not fit is left out of the second step, so that
 * all findings come at once; with any error among them the result must not be compiled.
 */
export function checkGateway(
  root: Node,
  kinds: readonly PolicyKind[],
): { checked?: CheckedGateway; diagnostics: Diagnostic[] } {
  const place: Place = (path, part = "value") => locate(root, path, part);
  if (root.kind !== "map")
    return {
      diagnostics: [
        diagnose("SL0103", { expected: "a mapping", found: root.kind === "list" ? "a list" : "a text" }, root.span),
      ],
    };

  const diagnostics: Diagnostic[] = [];
  const gateway = readShape(toValue(root), place, diagnostics);
  if (gateway === undefined) return { diagnostics };

  const policies = new Map<string, PolicyPlan>();
  for (const [name, body] of Object.entries(gateway.policies)) {
    const plan = planPolicy(name, body, {
      gateway,
      kinds,
      root,
      place,
      report: (finding) => diagnostics.push(finding),
    });
    if (plan !== undefined) policies.set(name, plan);
  }
  const checked: CheckedGateway = { root, gateway, policies, place };
  diagnostics.push(...checkServices(checked), ...checkRoutes(checked), ...checkReferences(checked));
  return { checked, diagnostics };
}

/** Rounds of leaving out what does not fit. Each round removes at least one key, so few are ever needed. */
const ROUNDS = 8;

function readShape(value: unknown, place: Place, diagnostics: Diagnostic[]): Gateway | undefined {
  for (let round = 0; round < ROUNDS; round++) {
    const result = gatewaySchema.safeParse(value, { reportInput: true });
    if (result.success) return result.data;
    const first = round === 0;
    if (first)
      diagnostics.push(...issuesToDiagnostics(result.error.issues, place, (path) => knownKeys(gatewaySchema, path)));
    for (const issue of result.error.issues) {
      const path = issue.path.map((part) => (typeof part === "symbol" ? part.toString() : part));
      if (issue.code === "unrecognized_keys") for (const key of issue.keys) remove(value, [...path, key]);
      else if (!remove(value, path)) return undefined;
    }
  }
  return undefined;
}

/** Removes the innermost key of a mapping on the path; list items stay in their place. False if there is none. */
function remove(value: unknown, path: Path): boolean {
  for (let length = path.length; length > 0; length--) {
    const parent = path.slice(0, length - 1).reduce<unknown>((inner, key) => member(inner, key), value);
    const key = path[length - 1];
    if (
      typeof parent === "object" &&
      parent !== null &&
      !Array.isArray(parent) &&
      key !== undefined &&
      Object.hasOwn(parent, key)
    )
      return Reflect.deleteProperty(parent, key);
  }
  return false;
}

function member(value: unknown, key: string | number): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

interface PolicyScope {
  gateway: Gateway;
  kinds: readonly PolicyKind[];
  root: Node;
  place: Place;
  report(diagnostic: Diagnostic): void;
}

function planPolicy(name: string, body: Record<string, unknown>, scope: PolicyScope): PolicyPlan | undefined {
  const path = ["policies", name];
  const known = scope.kinds.map((kind) => kind.name);
  const used: PolicyKind[] = [];
  for (const key of Object.keys(body)) {
    if (NOT_A_KIND.includes(key)) continue;
    const kind = scope.kinds.find((candidate) => candidate.name === key);
    if (kind !== undefined) used.push(kind);
    else scope.report(unknownKey(key, path, scope.place, known));
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
  return kind.plan(body[kind.name], {
    policy: name,
    gateway: scope.gateway,
    place: (inner, part = "value") => scope.place([...base, ...inner], part),
    node: (inner) => nodeAt(scope.root, [...base, ...inner]),
    report: scope.report,
  });
}
