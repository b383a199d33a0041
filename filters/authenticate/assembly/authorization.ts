import { attribute, Presence } from "../../lib/attributes";
import { bytesEqualLower } from "../../lib/bytes";
import { refuse } from "../../lib/document";
import { Interest, wantHeader } from "../../lib/interest";
import { at, exists } from "../../lib/region";
import { hasByte, keepLiteral } from "../../lib/text";
import { Method } from "./method";
import { Outcome } from "./outcome";

// The header `authorization`, which several methods share: its scheme, compared without case (RFC 9110, section 11.1), says which of them is meant.

/** Makes a method look there for credentials of a scheme, given in lower case; false, and a problem noted, if that cannot be. */
export function readAuthorization(node: i32, method: Method, scheme: string, interest: Interest): bool {
  method.header = keepLiteral("authorization");
  method.scheme = keepLiteral(scheme);
  method.slot = wantHeader(interest, method.header.start, method.header.length);
  return method.slot >= 0 || refuse(node, "is one header too many");
}

/** Whether the request at hand has a credential of the scheme of a method. */
export function hasScheme(method: Method): bool {
  const header = attribute(method.slot);
  const scheme = method.scheme;
  if (header.presence !== Presence.Present || header.length < scheme.length) return false;
  if (!bytesEqualLower(header.start, scheme.start, scheme.length)) return false;
  return header.length === scheme.length || hasByte(header.start + <usize>scheme.length, 1, 0x20);
}

/** Where the credential begins; what `hasScheme` holds for. */
export function credentialStart(method: Method): usize {
  return attribute(method.slot).start + <usize>method.scheme.length + 1;
}

/** Its length; not positive if there is none. */
export function credentialLength(method: Method): i32 {
  return attribute(method.slot).length - method.scheme.length - 1;
}

/** What comes of a header of which no method of a policy takes the scheme; Anonymous if there is none. */
export function strayAuthorization(methods: usize, count: i32): Outcome {
  let stray = Outcome.Anonymous;
  for (let i = 0; i < count; i++) {
    const method = at<Method>(methods, i);
    if (!exists(method.scheme)) continue;
    const header = attribute(method.slot);
    if (header.presence === Presence.Absent) return Outcome.Anonymous;
    if (header.presence === Presence.Ambiguous) return Outcome.DuplicateCredential;
    if (hasScheme(method)) return Outcome.Anonymous;
    stray = Outcome.MalformedCredential;
  }
  return stray;
}
