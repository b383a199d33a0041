import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { GatewayPlan } from "../plan/plan.js";
import type { PolicyKind } from "../policy/kind.js";
import { unknownName } from "../policy/references.js";
import { type Node, nodeAt, offsetInScalar, type Path } from "../syntax/document.js";
import type { Span } from "../syntax/source.js";
import { type CheckedSuite, expectations } from "./check.js";

/** The names of a policy file that its tests use. */
interface Names {
  services: string[];
  consumers: string[];
  /** The policies that some route runs, each with the names of its rules. */
  policies: Map<string, readonly string[]>;
}

/** Checks every name of a test file against the policy file that it is about. */
export function checkReferences(checked: CheckedSuite, plan: GatewayPlan, kinds: readonly PolicyKind[]): Diagnostic[] {
  const { suite, place } = checked;
  const names = namesOf(plan, kinds);
  const services = Object.keys(suite.upstreams).flatMap((service) =>
    refer("service", service, names.services, place(["upstreams", service], "key")),
  );
  const cases = suite.cases.flatMap((one, index) => {
    const base = ["cases", index];
    const callers = [one.as, ...(one.steps ?? []).map((step) => step.as)].flatMap((consumer, position) => {
      const path = position === 0 ? [...base, "as"] : [...base, "steps", position - 1, "as"];
      return consumer === undefined ? [] : refer("consumer", consumer, names.consumers, place(path));
    });
    const expected = expectations(one, index).flatMap(({ expect, path }) => [
      ...(expect.decidedBy === undefined ? [] : decision(expect.decidedBy, [...path, "decidedBy"], names, checked)),
      ...upstream(expect.upstream, [...path, "upstream"], names, place),
      ...counters([...path, "metrics"], names, checked),
    ]);
    return [...callers, ...expected];
  });
  return [...services, ...cases];
}

function namesOf(plan: GatewayPlan, kinds: readonly PolicyKind[]): Names {
  const rules = plan.policies.map((policy): [string, readonly string[]] => {
    const kind = kinds.find((candidate) => candidate.name === policy.kind);
    return [policy.name, kind?.rules(policy.config) ?? []];
  });
  return {
    services: plan.services.map((service) => service.name),
    consumers: plan.consumers.map((consumer) => consumer.name),
    policies: new Map(rules),
  };
}

function refer(what: string, name: string, known: readonly string[], span: Span): Diagnostic[] {
  return known.includes(name) ? [] : [unknownName(what, name, known, span)];
}

/** `none`, a service, or a mapping with one. */
function upstream(
  expected: string | { service: string } | undefined,
  path: Path,
  names: Names,
  place: CheckedSuite["place"],
): Diagnostic[] {
  if (expected === undefined || expected === "none") return [];
  if (typeof expected === "string") return refer("service", expected, [...names.services, "none"], place(path));
  return refer("service", expected.service, names.services, place([...path, "service"]));
}

const A_POLICY = "policy that a route applies";

/** `policy` or `policy/rule`. */
function decision(text: string, path: Path, names: Names, { root, place }: CheckedSuite): Diagnostic[] {
  const [policy = "", rule] = text.split("/");
  const rules = names.policies.get(policy);
  const [node, whole] = [nodeAt(root, path), place(path)];
  const end = policy.length;
  if (rules === undefined) return refer(A_POLICY, policy, [...names.policies.keys()], part(node, whole, 0, end));
  if (rule === undefined) return [];
  return refer(`rule of \`${policy}\``, rule, rules, part(node, whole, end + 1, text.length));
}

/** Counters such as `policy.denied`. */
function counters(path: Path, names: Names, { root, place }: CheckedSuite): Diagnostic[] {
  const metrics = nodeAt(root, path);
  if (metrics?.kind !== "map") return [];
  return metrics.entries.flatMap(({ key }) => {
    const counter = String(key.value);
    const policy = counter.slice(0, counter.lastIndexOf("."));
    const span = part(key, place([...path, counter], "key"), 0, policy.length);
    return refer(A_POLICY, policy, [...names.policies.keys()], span);
  });
}

/** The place of some characters of a text, whether or not it is in quotes. */
function part(node: Node | undefined, whole: Span, start: number, end: number): Span {
  if (node?.kind !== "scalar") return whole;
  return { ...whole, start: offsetInScalar(node, start), end: offsetInScalar(node, end - 1) + 1 };
}
