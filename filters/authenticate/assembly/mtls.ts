import { attribute, Presence, Slot } from "../../lib/attributes";
import { objectOf } from "../../lib/document";
import { exists } from "../../lib/region";
import { keepLiteral } from "../../lib/text";
import { readPrincipal } from "../../proxy-wasm/client-certificate";
import { consumerOfSan, SanTable } from "./certificates";
import { findConsumer } from "./finding";
import { Method, MethodKind } from "./method";
import { Outcome } from "./outcome";

// The certificate of the client, which the listener has verified. It belongs to the connection: what the request itself carries comes first, so this is
// asked only where nothing else is there.

/** Reads an `mtls`; false, and a problem noted, if it is wrong. */
export function readMtls(node: i32, method: Method): bool {
  if (!objectOf(node, "")) return false;
  method.kind = MethodKind.Mtls;
  method.name = keepLiteral("mtls");
  method.slot = Slot.Principal;
  return true;
}

export function hasMtls(method: Method): bool {
  readPrincipal();
  return attribute(method.slot).presence !== Presence.Absent;
}

export function verifyMtls(method: Method, sans: SanTable): Outcome {
  const principal = attribute(method.slot);
  // It has several names, or none: nobody could tell which one it speaks for.
  if (principal.presence === Presence.Ambiguous) return Outcome.AmbiguousCredential;
  const consumer = consumerOfSan(sans, principal.start, principal.length);
  if (!exists(consumer)) return Outcome.UnknownCredential;
  findConsumer(consumer, method.name);
  return Outcome.Authenticated;
}
