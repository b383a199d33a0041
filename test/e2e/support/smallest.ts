import type { GatewayPlan } from "../../../compiler/plan/plan.js";
import { caseOf, randomCase } from "../../support/random-case.js";
import type { WireRequest } from "../../support/random-requests.js";
import { type Candidate, type Part, partsOf, without } from "./parts.js";
import { type Disagreement, disagreements, membersOf } from "./replay.js";

/** How long it is tried to make a disagreement smaller, and how many smaller ones share one Envoy. */
const TIME_MS = 20_000;
const AT_ONCE = 40;

/** The replay of a plan for a seed, which also chooses the listener. */
export function memberOf(plan: GatewayPlan, seed: number, name = `random-${seed}`) {
  const members = membersOf(plan, name);
  const member = members[seed % members.length];
  if (member === undefined) throw new RangeError("a plan has a listener");
  return member;
}

interface Found extends Candidate {
  readonly disagreement: Disagreement;
}

/** What both engines disagree on about the last of some requests, under the policy of a seed: made small, and told. */
export async function reportOf(seed: number, requests: readonly WireRequest[]): Promise<string> {
  const again = `again: SLUICE_RANDOM_SEED=${seed} SLUICE_RANDOM_POLICIES=1 npx vitest run test/e2e/random.test.ts`;
  const { file, text } = randomCase(seed);
  const alone = { file, requests: requests.slice(-1) };
  let [smallest] = await stillDisagreeing([alone, { file, requests }], seed);
  if (smallest === undefined) return `the embedded host and Envoy disagree, but not a second time; ${again}\n${text}`;
  const deadline = Date.now() + TIME_MS;
  for (let next: Found | undefined = smallest; next !== undefined && Date.now() < deadline; ) {
    smallest = next;
    next = await smaller(smallest, seed);
  }
  return [
    `the embedded host and Envoy disagree; ${again}`,
    caseOf(smallest.file).text,
    `requests, in order:\n${smallest.requests.map((one) => JSON.stringify(one)).join("\n")}`,
    `Envoy:\n${JSON.stringify(smallest.disagreement.envoy, null, 1)}`,
    `embedded:\n${JSON.stringify(smallest.disagreement.embedded, null, 1)}`,
  ].join("\n\n");
}

/** Without one part, or without several of which each alone does not matter. */
async function smaller(found: Found, seed: number): Promise<Found | undefined> {
  const singles: (Candidate & { part: Part })[] = [];
  for (const part of partsOf(found)) {
    const candidate = without(found, [part]);
    if (caseOf(candidate.file).plan !== undefined) singles.push({ part, ...candidate });
    if (singles.length === AT_ONCE) break;
  }
  const good = (await stillDisagreeing(singles, seed)).map(({ part }) => part);
  const groups = [good, good.slice(0, good.length / 2), good.slice(good.length / 2), good.slice(0, 1)];
  const joined = groups.filter((group) => group.length > 0).map((group) => without(found, group));
  const [best] = (await stillDisagreeing(joined, seed)).toSorted((a, b) => sizeOf(a) - sizeOf(b));
  return best;
}

/** Those of the candidates that are accepted, and on which the engines disagree. */
async function stillDisagreeing<T extends Candidate>(candidates: readonly T[], seed: number): Promise<(T & Found)[]> {
  const replays = candidates.flatMap((candidate, index) => {
    const { plan } = caseOf(candidate.file);
    if (plan === undefined) return [];
    return [{ member: memberOf(plan, seed, `smaller-${index}`), requests: candidate.requests, candidate }];
  });
  if (replays.length === 0) return [];
  return (await disagreements(replays)).flatMap((disagreement) => {
    const { candidate } = replays[disagreement.replay] ?? {};
    return candidate === undefined ? [] : [{ ...candidate, disagreement }];
  });
}

function sizeOf({ file, requests }: Candidate): number {
  return JSON.stringify([file, requests]).length;
}
