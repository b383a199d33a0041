import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { GatewayPlan } from "../plan/plan.js";
import type { PolicyKind } from "../policy/kind.js";
import { unknownName } from "../policy/references.js";
import { type Node, nodeAt, offsetInScalar, type Path } from "../syntax/document.js";
import type { Span } from "../syntax/source.js";
import { type CheckedSuite, expectations } from "./check.js";
import { checkAnswers, expectedOperation } from "./operations.js";
import type { Upstreams } from "./suite.js";

/** The names of a policy file that its tests use. */
interface Names {
  services: string[];
  consumers: string[];
  listeners: string[];
  /** The policies that some route runs. */
  policies: Map<string, Policy>;
}

interface Policy {
  /** Names of its rules. */
  rules: readonly string[];
  /** A policy in shadow never decides, and only such a policy has a counter of what it would have refused. */
  inShadow: boolean;
}

/** Which policies a name may stand for. */
type Mode = "enforce" | "shadow" | "any";

/** Checks every name of a test file against the policy file that it is about. */
export function checkReferences(checked: CheckedSuite, plan: GatewayPlan, kinds: readonly PolicyKind[]): Diagnostic[] {
  const { suite, place } = checked;
  const names = namesOf(plan, kinds);
  const services = upstreamFindings(suite.upstreams, ["upstreams"], plan, names, checked);
  const cases = suite.cases.flatMap((one, index) => {
    const base = ["cases", index];
    const callers = [one.as, ...(one.steps ?? []).map((step) => step.as)].flatMap((consumer, position) => {
      const path = position === 0 ? [...base, "as"] : [...base, "steps", position - 1, "as"];
      return consumer === undefined ? [] : refer("consumer", consumer, names.consumers, place(path));
    });
    const expected = expectations(one, index).flatMap(({ expect, path }) => [
      ...decision(expect.decidedBy, "enforce", [...path, "decidedBy"], names, checked),
      ...(expect.shadow === "none" ? [] : decision(expect.shadow, "shadow", [...path, "shadow"], names, checked)),
      ...upstream(expect.upstream, [...path, "upstream"], names, place),
      ...expectedOperation(expect.upstream, [...path, "upstream"], plan, place),
      ...counters([...path, "metrics"], names, checked),
    ]);
    const listener =
      one.listener === undefined ? [] : refer("listener", one.listener, names.listeners, place([...base, "listener"]));
    const own = upstreamFindings(one.upstreams, [...base, "upstreams"], plan, names, checked);
    return [...callers, ...listener, ...own, ...expected];
  });
  return [...services, ...cases];
}

/** What is said of services, at a path of the file: their names, and answers by operation. */
function upstreamFindings(
  upstreams: Upstreams,
  path: Path,
  plan: GatewayPlan,
  names: Names,
  checked: CheckedSuite,
): Diagnostic[] {
  return Object.entries(upstreams).flatMap(([service, { soap = {} }]) => [
    ...refer("service", service, names.services, checked.place([...path, service], "key")),
    ...(names.services.includes(service) ? checkAnswers(service, soap, [...path, service, "soap"], plan, checked) : []),
  ]);
}

function namesOf(plan: GatewayPlan, kinds: readonly PolicyKind[]): Names {
  const policies = plan.policies.map((policy): [string, Policy] => {
    const kind = kinds.find((candidate) => candidate.name === policy.kind);
    return [policy.name, { rules: kind?.rules(policy.config) ?? [], inShadow: policy.mode?.is === "shadow" }];
  });
  return {
    services: plan.services.map((service) => service.name),
    consumers: plan.consumers.map((consumer) => consumer.name),
    listeners: plan.listeners.map((listener) => listener.name),
    policies: new Map(policies),
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

/** `policy` or `policy/rule`. */
function decision(
  text: string | undefined,
  mode: Mode,
  path: Path,
  names: Names,
  { root, place }: CheckedSuite,
): Diagnostic[] {
  if (text === undefined) return [];
  const [policy = "", rule] = text.split("/");
  const [node, whole] = [nodeAt(root, path), place(path)];
  const end = policy.length;
  const unknown = referPolicy(policy, mode, names, part(node, whole, 0, end));
  if (unknown.length > 0 || rule === undefined) return unknown;
  const rules = names.policies.get(policy)?.rules ?? [];
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
    return referPolicy(policy, counter.endsWith(".shadow") ? "shadow" : "any", names, span);
  });
}

function referPolicy(policy: string, mode: Mode, { policies }: Names, span: Span): Diagnostic[] {
  const known = [...policies].filter(([, { inShadow }]) => mode === "any" || inShadow === (mode === "shadow"));
  const what = {
    any: "policy",
    shadow: "policy in shadow",
    enforce: policies.has(policy) ? "enforced policy" : "policy",
  };
  return refer(
    `${what[mode]} that a route applies`,
    policy,
    known.map(([name]) => name),
    span,
  );
}

/** The place of some characters of a text, whether or not it is in quotes. */
function part(node: Node | undefined, whole: Span, start: number, end: number): Span {
  if (node?.kind !== "scalar") return whole;
  return { ...whole, start: offsetInScalar(node, start), end: offsetInScalar(node, end - 1) + 1 };
}
