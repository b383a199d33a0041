import { Place } from "../authenticate/assembly/method";
import { AuthenticatePolicy } from "../authenticate/assembly/policy";
import { cookiesWithoutKeys, isSent, looksIn, pathWithoutKeys, Remains } from "../authenticate/assembly/remains";
import { composedLength, composedStart, Text } from "../lib/text";
import { removeRequestHeader, setRequestHeader } from "../proxy-wasm/headers";
import { Told, tellCookie, tellPath } from "./results";

// Keys in the query and in cookies stand among what the upstream needs: it gets what remains without them.

/** Tells what Envoy is to write in the place of path and cookies; false if the host does not take it. */
export function tellRemains(policy: AuthenticatePolicy, told: i32): bool {
  if ((told & Told.Path) !== 0) {
    const path = pathWithoutKeys(policy);
    if (path === Remains.Unknown) return false;
    if (path === Remains.Some && !tellPath(composedStart(), composedLength())) return false;
  }
  if ((told & Told.Cookie) === 0 || !looksIn(policy, Place.Cookie)) return true;
  // Envoy removes all cookies first, so what remains is told also where nothing was taken out.
  const cookies = cookiesWithoutKeys(policy);
  if (cookies === Remains.Unknown) return false;
  return cookies !== Remains.Some || tellCookie(composedStart(), composedLength());
}

/** The same where nobody else writes: false if the host does not take it. */
export function writeRemains(policy: AuthenticatePolicy, path: Text, cookie: Text): bool {
  const left = pathWithoutKeys(policy);
  if (left === Remains.Unknown) return false;
  if (left === Remains.Some && !setRequestHeader(path, composedStart(), composedLength())) return false;
  if (!isSent(policy, Place.Cookie)) return true;
  const cookies = cookiesWithoutKeys(policy);
  if (cookies === Remains.Unknown) return false;
  if (cookies === Remains.Some) return setRequestHeader(cookie, composedStart(), composedLength());
  return removeRequestHeader(cookie);
}
