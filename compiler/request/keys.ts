import type { KeyPlaces, PolicyPlan } from "../plan/plan.js";
import { parameterName } from "./values.js";

// What services get of a request with keys among other things of it: `filters/authenticate/assembly/remains.ts` in words.

/** A path without the parameters that policies take keys from. */
export function pathWithoutKeys(path: string, policies: readonly PolicyPlan[]): string {
  const names = takenOut(policies).flatMap(({ query }) => query);
  const question = path.indexOf("?");
  if (names.length === 0 || question < 0) return path;
  const left = path
    .slice(question + 1)
    .split("&")
    .filter((pair) => !names.includes(parameterName(pair.split("=", 1)[0] ?? "") ?? ""));
  return left.length === 0 ? path.slice(0, question) : `${path.slice(0, question)}?${left.join("&")}`;
}

/** Names of cookies that are taken out of what was sent. */
export function cookiesTakenOut(lines: readonly string[], policies: readonly PolicyPlan[]): string[] {
  const names = takenOut(policies).flatMap(({ cookies }) => cookies);
  const sent = lines.flatMap((line) => line.split(";").map((pair) => pair.split("=", 1)[0]?.trim() ?? ""));
  return names.filter((name) => sent.includes(name));
}

function takenOut(policies: readonly PolicyPlan[]): KeyPlaces[] {
  return policies.flatMap(({ keys }) => (keys === undefined || keys.stay ? [] : [keys]));
}
