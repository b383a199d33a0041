import { REMAINS, remainsOf } from "../plan/keys.js";
import { resultOf } from "./headers.js";
import type { GuardedRequest } from "./passage.js";

/** A request as Envoy's filters behind the guard have it, without keys in path and cookies: the model of `targets/envoy/keys.ts`. */
export function takeOutKeys(guarded: GuardedRequest): GuardedRequest {
  const { stream, run, request } = guarded;
  const { headers } = stream.request;
  for (const what of remainsOf(run)) {
    const { name, property } = REMAINS[what];
    const value = resultOf(property, stream.filterState);
    if (what === "cookies") headers?.remove(name);
    if (value !== undefined) headers?.replace(name, value);
  }
  const path = headers?.get(":path") ?? request.path;
  return path === request.path ? guarded : { ...guarded, request: { ...request, path } };
}
