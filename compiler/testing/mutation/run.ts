import type { Planned } from "../../pipeline.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { type MapNode, type Node, nodeAt, toValue } from "../../syntax/document.js";
import { formatSpan } from "../../syntax/source.js";
import type { CheckedSuite } from "../check.js";
import type { CaseResult, SuiteRunner } from "../run.js";
import type { Case } from "../suite.js";
import {
  isLike,
  type Mutation,
  mutatedText,
  type PolicyFile,
  type Site,
  type Surroundings,
  sitesIn,
} from "./mutation.js";
import { OPERATORS } from "./operators.js";
import { excuseOf } from "./unobservable.js";

/** A policy with all tests about it. */
export interface Subject {
  /** The main file first. */
  readonly files: readonly PolicyFile[];
  readonly suites: readonly CheckedSuite[];
  /** Checks the policy with other texts for some of its files, by their paths as findings name them. */
  check(texts: ReadonlyMap<string, string>): Planned;
}

/** What came of a mutation. */
export interface MutationResult {
  readonly mutation: Mutation;
  /** `refused`: the policy has an error then. `killed`: a case fails. */
  readonly outcome: "refused" | "killed" | "survived";
  /** Entry of the list of what no test can see that it falls under. */
  readonly excuse: string | undefined;
}

/** A case that fails before anything is changed. */
export class FailingCase extends Error {}

/** Every mutation of a policy, in the order of its files. */
export function mutationsOf(
  files: readonly PolicyFile[],
  plan: GatewayPlan,
): { file: PolicyFile; mutation: Mutation }[] {
  const around = surroundingsOf(files);
  // Tests call the first listener.
  const others = plan.listeners.slice(1).map(({ name }) => name);
  return files.flatMap((file) =>
    file.root.kind !== "map"
      ? []
      : sitesIn(file.root)
          .filter(({ path: [section, name] }) => section !== "listeners" || !others.includes(String(name)))
          .flatMap((site) => changesAt(site, around).map((mutation) => ({ file, mutation }))),
  );
}

function changesAt(site: Site, around: Surroundings): Mutation[] {
  return OPERATORS.flatMap(({ name, changes }) =>
    changes(site, around).map((change) => ({ path: site.path, ...change, operator: name, span: site.span })),
  );
}

/**
 * Tries every mutation of a policy on its tests. Cases that need a real Envoy are not run.
 *
 * @param of path of the one file that is to be changed; all if absent
 * @throws FailingCase if there is one
 */
export async function tryMutations(runner: SuiteRunner, subject: Subject, of?: string): Promise<MutationResult[]> {
  const { plan } = subject.check(new Map());
  if (plan === undefined) throw new RangeError("the policy has an error");
  const cases = new Cases(runner, subject.suites);
  const failing = await cases.findFailing(plan, "");
  if (failing !== undefined) {
    const { name, place } = failing;
    throw new FailingCase(`${formatSpan(place)}: the case fails before anything is changed: ${name}`);
  }
  const results: MutationResult[] = [];
  for (const { file, mutation } of mutationsOf(subject.files, plan)) {
    if (of !== undefined && file.source.path !== of) continue;
    const mutant = subject.check(new Map([[file.source.path, mutatedText(file.root, mutation)]]));
    const outcome =
      mutant.plan === undefined
        ? "refused"
        : (await cases.findFailing(mutant.plan, partOf(mutation))) === undefined
          ? "survived"
          : "killed";
    results.push({ mutation, outcome, excuse: excuseOf(mutation.path, file.root) });
  }
  return results;
}

/** From so many on, requests of a case are worth being sent last. */
const MANY_REQUESTS = 10;

interface OneCase {
  readonly suite: CheckedSuite;
  readonly name: string;
  readonly requests: number;
}

/** The cases of a policy, and an order in which one that fails is found soon. */
class Cases {
  private readonly runner: SuiteRunner;
  /** Those first that found something last: the next mutation is near. */
  private readonly cases: OneCase[];
  /** What found something in the same part of the policy, such as a route or a policy. */
  private readonly finders = new Map<string, Set<OneCase>>();

  constructor(runner: SuiteRunner, suites: readonly CheckedSuite[]) {
    this.runner = runner;
    this.cases = suites
      .flatMap((suite) => suite.suite.cases.map((one) => ({ suite, name: one.name, requests: requestsOf(one) })))
      .toSorted((a, b) => a.requests - b.requests);
  }

  /** A case that fails with this plan, the first that is found; `part` says which part of the policy was changed. */
  async findFailing(plan: GatewayPlan, part: string): Promise<CaseResult | undefined> {
    const finders = this.finders.get(part) ?? new Set();
    const many = this.cases.filter(({ requests }) => requests >= MANY_REQUESTS);
    for (const one of new Set([...finders, ...this.cases.filter((each) => !many.includes(each)), ...many])) {
      const results = await this.runner.run(one.suite, plan, { filter: (name) => name === one.name });
      const failing = results.find(({ outcome }) => outcome === "failed");
      if (failing === undefined) continue;
      this.finders.set(part, new Set([one, ...finders]));
      this.cases.splice(this.cases.indexOf(one), 1);
      this.cases.unshift(one);
      return failing;
    }
    return undefined;
  }
}

/** Names of policies, consumers and so on stand at the second step of a path. */
function partOf({ path }: Mutation): string {
  return path.slice(0, 2).join(".");
}

function requestsOf({ repeat, steps }: Case): number {
  return steps === undefined ? repeat : steps.reduce((sum, step) => sum + step.repeat, 0);
}

function surroundingsOf(files: readonly PolicyFile[]): Surroundings {
  const sites = files.flatMap(({ root }) => (root.kind === "map" ? sitesIn(root) : []));
  const texts = (...patterns: string[]) =>
    [...new Set(sites.filter(({ path }) => patterns.some((pattern) => isLike(path, pattern))).map(textOf))].toSorted();
  return {
    tiers: texts("consumers.*.tier"),
    groups: texts("consumers.*.groups.*"),
    services: files.flatMap(({ root }) => namesIn(root, "services")),
    defaults: texts("defaults.apply.*"),
    readsHops: sites.some(
      ({ path, node }) =>
        path[0] === "policies" &&
        (path[2] === "ipAccess" || (node.kind === "scalar" && /\bsource\.|\.scheme\b/.test(textOf({ node })))),
    ),
  };
}

function textOf({ node }: Pick<Site, "node">): string {
  return String(toValue(node));
}

function namesIn(root: Node, section: string): string[] {
  const found: Node | MapNode | undefined = nodeAt(root, [section]);
  return found?.kind === "map" ? found.entries.map(({ key }) => String(key.value)) : [];
}
