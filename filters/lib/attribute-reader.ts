import { Interest, Slot, want, wantHeader } from "./attributes";
import {
  arrayOf,
  firstElement,
  isString,
  NOWHERE,
  nextElement,
  refuse,
  stringIs,
  stringLength,
  stringOf,
  stringStart,
} from "./document";
import { compose, composedLength, composedStart, putLiteral } from "./text";

// `["get", …]` in conditions and in keys of limits.

/** The slot of a `["get", …]` of one string, taking note of headers it needs; -1 and a problem if there is none. */
export function attributeSlot(node: i32, wanted: Interest): i32 {
  if (arrayOf(node, 2, 3) < 0) return NOWHERE;
  const name = nextElement(node, firstElement(node));
  const argument = nextElement(node, name);
  if (!stringIs(firstElement(node), "get") || !isString(name)) return refused(node, 'must be ["get", attribute]');
  if (stringIs(name, "request.headers")) return headerSlot(node, argument, wanted);
  if (argument !== NOWHERE) return refused(argument, "is one argument too many");
  if (stringIs(name, "request.method")) return pseudoHeader(node, wanted, ":method", Slot.Method);
  if (stringIs(name, "request.path")) return pseudoHeader(node, wanted, ":path", Slot.Path);
  if (stringIs(name, "request.host")) return pseudoHeader(node, wanted, ":authority", Slot.Host);
  // Over HTTP/2 `:scheme` is what the client claims; this one Envoy sets, or takes from a trusted hop.
  if (stringIs(name, "request.scheme")) return pseudoHeader(node, wanted, "x-forwarded-proto", Slot.Scheme);
  if (stringIs(name, "source.ip")) return Slot.SourceIp;
  if (stringIs(name, "auth.consumer")) return Slot.Consumer;
  if (stringIs(name, "auth.tier")) return Slot.Tier;
  if (stringIs(name, "auth.method")) return Slot.AuthMethod;
  if (stringIs(name, "route.name")) return Slot.RouteName;
  return refused(name, "is not a known attribute of one value");
}

function refused(node: i32, message: string): i32 {
  refuse(node, message);
  return NOWHERE;
}

function pseudoHeader(node: i32, wanted: Interest, name: string, slot: i32): i32 {
  compose(24);
  putLiteral(name);
  if (want(wanted, composedStart(), composedLength(), slot) < 0) return refused(node, "needs more memory");
  return slot;
}

function headerSlot(node: i32, argument: i32, wanted: Interest): i32 {
  if (argument === NOWHERE) return refused(node, "must name a header");
  if (!headerNameOf(argument)) return NOWHERE;
  const slot = wantHeader(wanted, stringStart(argument), stringLength(argument));
  return slot < 0 ? refused(argument, "is one header too many") : slot;
}

/** Whether a string is a header name in lower case (RFC 9110 5.1), of at most 64 bytes. */
export function headerNameOf(node: i32): bool {
  if (!stringOf(node, 1, 64)) return false;
  const start = stringStart(node);
  const length = stringLength(node);
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(start + i);
    const letterOrDigit = byte - 0x61 < 26 || byte - 0x30 < 10;
    if (!letterOrDigit && byte !== 0x2d && byte !== 0x5f && byte !== 0x2e) {
      return refuse(node, "must be a header name in lower case");
    }
  }
  return true;
}
