import type { PolicyPlan, ResultHeader } from "./plan.js";

// Keys among other things of a request, such as parameters of its query: behind the guard, Envoy writes what remains without them.

/** What it writes so, and what the guard tells for it. All cookies are removed first: none may remain. */
export const REMAINS = {
  path: { name: ":path", property: "path" },
  cookies: { name: "cookie", property: "cookie" },
} as const satisfies Record<string, ResultHeader>;

/** Which of them are written on a route. */
export function remainsOf(run: readonly PolicyPlan[]): readonly (keyof typeof REMAINS)[] {
  const taken = run.flatMap(({ keys }) => (keys === undefined || keys.stay ? [] : [keys]));
  return [
    ...(taken.some(({ query }) => query.length > 0) ? (["path"] as const) : []),
    ...(taken.some(({ cookies }) => cookies.length > 0) ? (["cookies"] as const) : []),
  ];
}
