import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { GatewayPlan } from "../plan/plan.js";
import { sendsSpans } from "../plan/tracing.js";
import type { PolicyKind } from "../policy/kind.js";
import { unknownName } from "../policy/references.js";
import { type Node, nodeAt, offsetInScalar, type Path } from "../syntax/document.js";
import type { Span } from "../syntax/source.js";
import { type CheckedSuite, expectations } from "./check.js";
import { checkTokens } from "./introspection.js";
import { KeyServices } from "./key-services.js";
import { checkAnswers, expectedOperation } from "./operations.js";
import { activeVersions, expectedInPlan, nameInPlan } from "./service-names.js";
import { type Case, type Expectation, TRACED, type Upstreams } from "./suite.js";

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
  /** A policy in shadow never decides, and only such a policy has a counter of what it would have refused. One that traces judges nothing. */
  sort: "enforced" | "shadow" | "trace";
}

/** Which policies a name may stand for; `judge`: those that are enforced, and those in shadow. */
type Sort = Policy["sort"] | "judge";

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
      ...decision(expect.decidedBy, "enforced", [...path, "decidedBy"], names, checked),
      ...(expect.shadow === "none" ? [] : decision(expect.shadow, "shadow", [...path, "shadow"], names, checked)),
      ...upstream(expect.upstream, [...path, "upstream"], names, place),
      ...expectedOperation(expectedInPlan(plan, expect).upstream, [...path, "upstream"], plan, place),
      ...counters([...path, "metrics"], names, checked),
      ...spanFindings(expect.spans, [...path, "spans"], plan, names, checked),
    ]);
    const listener =
      one.listener === undefined ? [] : refer("listener", one.listener, names.listeners, place([...base, "listener"]));
    const own = upstreamFindings(one.upstreams, [...base, "upstreams"], plan, names, checked);
    return [...callers, ...tokens(one, base, plan, place), ...listener, ...own, ...expected];
  });
  return [...services, ...cases];
}

/** Tokens that no policy would look at. */
function tokens(
  { request, steps = [] }: Case,
  base: Path,
  plan: GatewayPlan,
  place: CheckedSuite["place"],
): Diagnostic[] {
  if (plan.policies.some(({ signIn }) => signIn?.token !== undefined)) return [];
  const requests = [
    { request, path: base },
    ...steps.map((step, index) => ({ ...step, path: [...base, "steps", index] })),
  ];
  return requests.flatMap(({ request, path }) =>
    request?.token === undefined ? [] : [diagnose("SL0813", {}, place([...path, "request", "token"], "key"))],
  );
}

/** What is said of services, at a path of the file: their names, and answers by operation. */
function upstreamFindings(
  upstreams: Upstreams,
  path: Path,
  plan: GatewayPlan,
  names: Names,
  checked: CheckedSuite,
): Diagnostic[] {
  const publishing = new KeyServices(plan).services;
  return Object.entries(upstreams).flatMap(([service, { soap = {}, tokens = {}, jwks }]) => {
    const known = nameInPlan(plan, service);
    const unknown = refer("service", service, names.services, checked.place([...path, service], "key"));
    if (unknown.length > 0) return unknown;
    const keys =
      jwks === undefined || publishing.has(known)
        ? []
        : [diagnose("SL0556", { service }, checked.place([...path, service, "jwks"], "key"))];
    return [
      ...keys,
      ...checkAnswers(known, soap, [...path, service, "soap"], plan, checked),
      ...checkTokens(known, tokens, [...path, service, "tokens"], plan, checked),
    ];
  });
}

function namesOf(plan: GatewayPlan, kinds: readonly PolicyKind[]): Names {
  const policies = plan.policies.map((policy): [string, Policy] => {
    const kind = kinds.find((candidate) => candidate.name === policy.kind);
    const sort = policy.phase === "trace" ? "trace" : policy.mode?.is === "shadow" ? "shadow" : "enforced";
    return [policy.name, { rules: kind?.rules(policy.config) ?? [], sort }];
  });
  return {
    services: [...plan.services.map((service) => service.name), ...activeVersions(plan).keys()],
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
  sort: Sort,
  path: Path,
  names: Names,
  { root, place }: CheckedSuite,
): Diagnostic[] {
  if (text === undefined) return [];
  const [policy = "", rule] = text.split("/");
  const [node, whole] = [nodeAt(root, path), place(path)];
  const end = policy.length;
  const unknown = referPolicy(policy, sort, names, part(node, whole, 0, end));
  if (unknown.length > 0 || rule === undefined) return unknown;
  const rules = names.policies.get(policy)?.rules ?? [];
  return refer(`rule of \`${policy}\``, rule, rules, part(node, whole, end + 1, text.length));
}

/** Phases of the guard that have a span of their own, named after the policies that did their work in it. */
const NAMED_BY_POLICIES = /^(authenticate|authorize|limit) (?<policies>[^~].*)$/;

function spanFindings(
  spans: Expectation["spans"] = [],
  path: Path,
  plan: GatewayPlan,
  names: Names,
  { root, place }: CheckedSuite,
): Diagnostic[] {
  if (spans === "none") return [];
  if (spans.length > 0 && !sendsSpans(plan)) return [diagnose("SL0812", {}, place(path, "key"))];
  return spans.flatMap(({ name }, index) => {
    const list = NAMED_BY_POLICIES.exec(name)?.groups?.policies;
    if (list === undefined) return [];
    const at = [...path, index, "name"];
    const [node, whole] = [nodeAt(root, at), place(at)];
    let end = name.length - list.length;
    return list.split(", ").flatMap((policy) => {
      const start = end;
      end = start + policy.length + ", ".length;
      return referPolicy(policy, "judge", names, part(node, whole, start, start + policy.length));
    });
  });
}

/** Counters such as `policy.denied`. */
function counters(path: Path, names: Names, { root, place }: CheckedSuite): Diagnostic[] {
  const metrics = nodeAt(root, path);
  if (metrics?.kind !== "map") return [];
  return metrics.entries.flatMap(({ key }) => {
    const counter = String(key.value);
    const policy = counter.slice(0, counter.lastIndexOf("."));
    const span = part(key, place([...path, counter], "key"), 0, policy.length);
    return referPolicy(policy, counting(counter.slice(policy.length + 1)), names, span);
  });
}

function counting(outcome: string): Sort {
  if (outcome === "shadow") return "shadow";
  return TRACED.some((traced) => traced === outcome) ? "trace" : "judge";
}

function referPolicy(policy: string, sort: Sort, { policies }: Names, span: Span): Diagnostic[] {
  const known = [...policies].filter(([, one]) => one.sort === sort || (sort === "judge" && one.sort !== "trace"));
  const isKnown = policies.has(policy);
  const what = {
    judge: isKnown ? "policy with a decision" : "policy",
    shadow: "policy in shadow",
    enforced: isKnown ? "enforced policy" : "policy",
    trace: isKnown ? "policy with traces" : "policy",
  };
  return refer(
    `${what[sort]} that a route applies`,
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
