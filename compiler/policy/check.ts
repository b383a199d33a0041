import type { Part } from "../diagnostics/catalog/entry.js";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { PolicyPlan } from "../plan/plan.js";
import { locate, type MapNode, type Node, nodeAt, type Path, toValue } from "../syntax/document.js";
import type { Span } from "../syntax/source.js";
import { checkWhen, conducted } from "./conduct.js";
import { checkDisclosures, type Disclosure } from "./disclosures.js";
import { type Discovered, discover } from "./discovery.js";
import { type PageTexts, readPages } from "./errors.js";
import { leaveOut } from "./fit.js";
import { type Gateway, gatewaySchema, partialGatewaySchema, policy as policySchema, type Route } from "./gateway.js";
import { type Issue, type Place, plainPath, sameLetters, unknownKey } from "./issues.js";
import type { PolicyKind } from "./kind.js";
import type { NamedFiles } from "./named-files.js";
import { checkReferences } from "./references.js";
import { checkRoutes } from "./routes.js";
import { checkServices } from "./services.js";
import { readParts, unfitting } from "./shape.js";

/** A policy file that fits the schema, with the plan of each policy and the places of everything. */
export interface CheckedGateway {
  /** As written, but for items of lists that do not fit. */
  root: MapNode;
  gateway: Gateway;
  /** Plans of the policies without an error, by name, in the order of the file. */
  policies: Map<string, PolicyPlan>;
  /** What files say of where services are. */
  discovered: Discovered;
  /** Of the pages that stand in files. */
  pageTexts: PageTexts;
  place: Place;
  /** Parts of which something could not be read or does not fit; what needs them entirely is not found out. */
  incomplete: ReadonlySet<Part>;
}

function placesIn(root: Node): Place {
  return (path, part = "value") => locate(root, path, part);
}

/** Keys of a policy that are no kind. */
const NOT_A_KIND = Object.keys(policySchema.shape);

/**
 * Checks the shape of a policy file, then its meaning. A part that does not fit is left out of the second step, so that
 * all findings come at once; with any error among them the result must not be compiled.
 *
 * @param files what policies name
 * @param complete false if a file of the gateway could not be read
 */
export function checkGateway(
  root: Node,
  kinds: readonly PolicyKind[],
  files: NamedFiles,
  complete = true,
): { checked?: CheckedGateway; diagnostics: Diagnostic[] } {
  if (root.kind !== "map")
    return {
      diagnostics: [
        diagnose("SL0103", { expected: "a mapping", found: root.kind === "list" ? "a list" : "a text" }, root.span),
      ],
    };

  const diagnostics: Diagnostic[] = [];
  const shape = readGateway(root, diagnostics, complete);
  if (shape === undefined) return { diagnostics };
  const { gateway } = shape;
  const place = placesIn(shape.root);

  const policies = new Map<string, PolicyPlan>();
  const disclosures: Disclosure[] = [];
  for (const [name, body] of Object.entries(gateway.policies)) {
    const plan = planPolicy(name, body, {
      gateway,
      kinds,
      root: shape.root,
      place,
      files,
      report: (finding) => diagnostics.push(finding),
      disclose: (one) => disclosures.push(one),
    });
    if (plan === undefined) shape.incomplete.add("policies");
    else policies.set(name, plan);
  }
  const discovered = discover({ gateway, place }, files, (finding) => diagnostics.push(finding));
  const pages = readPages(gateway, { root: shape.root, place }, files);
  diagnostics.push(...pages.diagnostics);
  const { root: written, incomplete } = shape;
  const pageTexts = pages.texts;
  const checked: CheckedGateway = { root: written, gateway, policies, discovered, pageTexts, place, incomplete };
  const references = checkReferences(checked);
  for (const part of references.unresolved) shape.incomplete.add(part);
  const found = [
    ...diagnostics,
    ...checkServices(checked),
    ...checkRoutes(checked),
    ...checkDisclosures(disclosures, policies),
    ...references.diagnostics,
  ];
  return { checked: comparable(checked, shape.partial), diagnostics: found };
}

interface ReadGateway {
  root: MapNode;
  gateway: Gateway;
  incomplete: Set<Part>;
  /** Routes that would take other requests, or have other policies, than those of the file. */
  partial: ReadonlySet<Span>;
}

/** The gateway without what does not fit its schema. Absent if it is written in another language than this one. */
function readGateway(root: MapNode, diagnostics: Diagnostic[], complete: boolean): ReadGateway | undefined {
  const incomplete = new Set<Part>(complete ? [] : PARTS);
  const { data: gateway } = gatewaySchema.safeParse(toValue(root));
  if (gateway !== undefined) return { root, gateway, incomplete, partial: new Set() };
  const partial = new Set<Span>();
  const read = readParts(root, {
    schema: gatewaySchema,
    partial: partialGatewaySchema,
    placesIn,
    unfitting: (issue) => (isOddName(issue) ? [] : unfitting(issue)),
    // A section that is not there may be in a file that could not be read.
    isTold: ({ path }) => complete || !(path.length === 1 && nodeAt(root, plainPath(path)) === undefined),
    onLeft: (path, tree) => {
      for (const part of PARTS) if (part === path[0]) incomplete.add(part);
      const route = decidingRoute(path, tree);
      if (route !== undefined) partial.add(route.span);
    },
  });
  diagnostics.push(...read.diagnostics);
  if (read.value === undefined) return undefined;
  if (["services", "policies"].some((section) => isUnnamed(nodeAt(read.root, [section])))) incomplete.add("names");
  return { root: read.root, gateway: read.value, incomplete, partial };
}

/** A name of another form than names have still names what it stands for. */
function isOddName({ code, input, path }: Issue): boolean {
  const [section, , key] = path;
  if (section === "routes") return key === "name" && path.length === 3 && typeof input === "string";
  return code === "invalid_key" && path.length === 2;
}

/** The parts of a route without which it would take other requests, or be open to more callers. */
const DECIDING = ["name", "listeners", "match", "apply", "except"];

/** The route that such a part is left out of. */
function decidingRoute([section, index, key]: Path, root: Node): Node | undefined {
  if (section !== "routes" || index === undefined || !DECIDING.includes(String(key))) return undefined;
  return nodeAt(root, [section, index]);
}

/** The gateway for the checks that compare routes: without those that are partial, or the same again. */
function comparable(checked: CheckedGateway, partial: ReadonlySet<Span>): CheckedGateway {
  const { root, gateway } = checked;
  const named = new Map<string, Route>();
  const dropped = gateway.routes.flatMap((route, index) => {
    const node = nodeAt(root, ["routes", index]);
    const first = named.get(route.name);
    if (first === undefined) named.set(route.name, route);
    const isSame = first !== undefined && JSON.stringify(first.match) === JSON.stringify(route.match);
    return isSame || node === undefined || partial.has(node.span) ? [index] : [];
  });
  if (dropped.length === 0) return checked;
  const isDropped = new Set(dropped);
  const { fit } = leaveOut(
    { written: root, fitting: root },
    dropped.map((index) => ["routes", index]),
  );
  const routes = gateway.routes.filter((_, index) => !isDropped.has(index));
  return { ...checked, root: fit.written, place: placesIn(fit.written), gateway: { ...gateway, routes } };
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

/** A section that is there and has no names. */
function isUnnamed(section: Node | undefined): boolean {
  return section !== undefined && section.kind !== "map";
}

interface PolicyScope {
  gateway: Gateway;
  kinds: readonly PolicyKind[];
  root: Node;
  place: Place;
  files: NamedFiles;
  report(diagnostic: Diagnostic): void;
  disclose(disclosure: Disclosure): void;
}

function planPolicy(name: string, body: Gateway["policies"][string], scope: PolicyScope): PolicyPlan | undefined {
  const path = ["policies", name];
  const known = scope.kinds.map((kind) => kind.name);
  const used: { kind: PolicyKind; key: string }[] = [];
  for (const key of Object.keys(body)) {
    if (NOT_A_KIND.includes(key)) continue;
    if (!known.includes(key)) scope.report(unknownKey(key, path, scope.place, [...known, ...NOT_A_KIND]));
    // In another spelling of the same letters it can only be that kind.
    const kind = scope.kinds.find((candidate) => sameLetters(candidate.name, key));
    if (kind !== undefined) used.push({ kind, key });
  }
  const [first, second] = used;
  if (first === undefined) {
    if (Object.keys(body).every((key) => NOT_A_KIND.includes(key)))
      scope.report(diagnose("SL0401", { policy: name, kinds: known.join(", ") }, scope.place(path, "key")));
    return undefined;
  }
  const { kind, key } = first;
  const base = [...path, key];
  if (second !== undefined) {
    const related = [{ message: `\`${kind.name}\` is here`, span: scope.place(base, "key") }];
    const span = scope.place([...path, second.key], "key");
    scope.report(diagnose("SL0402", { policy: name, kind: second.kind.name }, span, { related }));
    return undefined;
  }
  const plan = kind.plan(body[key], {
    policy: name,
    gateway: scope.gateway,
    place: (inner, part = "value") => scope.place([...base, ...inner], part),
    node: (inner) => nodeAt(scope.root, [...base, ...inner]),
    readFile: (text, from) => scope.files.read(text, from, scope.report),
    loadFile: (path) => scope.files.load(path),
    report: scope.report,
    disclose: scope.disclose,
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
