import { List, Needs, readScopes, Slot, TraceSlot } from "./attributes";
import { isVisibleAscii } from "./bytes";
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
import { Interest, LONGEST_NAME, Names, wantFixed, wantNamed } from "./interest";
import { compose, composedLength, composedStart, hasByte, putLiteral } from "./text";

// `["get", …]` in conditions and in keys of limits. One at a time: what it is stays until the next is read.

export enum Shape {
  /** A string, or a number written in decimal, in a slot. */
  String = 1,
  Number = 2,
  Time = 3,
  List = 4,
}

// AUTH is 1 where the module itself finds out who calls, 0 where one in front does.
const CONSUMER_NEEDS: i32 = AUTH ? Needs.Identity : Needs.Identity | Needs.Consumer;
export const TIER_NEEDS: i32 = AUTH ? Needs.Identity : Needs.Identity | Needs.Tier;
const GROUPS_NEEDS: i32 = AUTH ? Needs.Identity : Needs.Identity | Needs.Groups;

let shape: i32 = 0;
let place: i32 = 0;
let needs: i32 = 0;

/** When what is read is asked; each knows attributes of its own. */
export enum Asked {
  WithRequest = 0,
  /** With a request that is traced, of which more is found out. */
  Traced = 1,
  /** At the end of a stream: the answer is known, and of the request what was noted. */
  AtEnd = 2,
  /** When an answer begins: its headers are known, and nothing of the request. */
  WithAnswer = 3,
}

let asked: i32 = Asked.WithRequest;
/** How many conditions have been noted at the end. */
let notedCount: i32 = 0;

/** Says when everything that is read from here on is asked. Whoever changes it changes it back to `Asked.WithRequest`. */
export function readingFor(when: Asked, noted: i32): void {
  asked = when;
  notedCount = noted;
}

/** How many conditions `["noted", i]` may ask for; -1 where it may not stand. */
export function mostNoted(): i32 {
  return TRACING && asked === Asked.AtEnd ? notedCount : -1;
}

export function attributeShape(): i32 {
  return shape;
}

/** The slot of a string or number, the List of a list. */
export function attributePlace(): i32 {
  return place;
}

/** What must be read of a request before the attribute is; bits of Needs. */
export function attributeNeeds(): i32 {
  return needs;
}

/** Reads a `["get", …]`, taking note of what it needs of requests; false and a problem if there is no such attribute. */
export function readAttribute(node: i32, wanted: Interest): bool {
  if (arrayOf(node, 2, 3) < 0) return false;
  const name = nextElement(node, firstElement(node));
  const argument = nextElement(node, name);
  if (!stringIs(firstElement(node), "get") || !isString(name)) return refuse(node, 'must be ["get", attribute]');
  if ((TRACING || RATE_LIMIT) && asked >= Asked.AtEnd) return readOfAnswer(node, name, argument, wanted);
  if (stringIs(name, "request.headers")) return header(node, argument, wanted, Names.Header, Needs.Headers);
  if (stringIs(name, "request.query")) return namedOf(node, argument, wanted, Names.Query);
  if (stringIs(name, "request.cookies")) return namedOf(node, argument, wanted, Names.Cookie);
  if (stringIs(name, "route.params")) return namedOf(node, argument, wanted, Names.Param);
  if (stringIs(name, "auth.claims")) return claim(node, argument, wanted, Names.Claim);
  if (stringIs(name, "auth.claims[]")) return claim(node, argument, wanted, Names.ClaimList);
  if (argument !== NOWHERE) return refuse(argument, "is one argument too many");
  return readPlain(node, name, wanted);
}

function readOfAnswer(node: i32, name: i32, argument: i32, wanted: Interest): bool {
  if (stringIs(name, "response.headers")) return header(node, argument, wanted, Names.Answer, Needs.AnswerHeaders);
  if (argument !== NOWHERE) return refuse(argument, "is one argument too many");
  if (stringIs(name, "response.status")) return found(Shape.Number, TraceSlot.ResponseStatus, Needs.AnswerStatus);
  if (asked === Asked.WithAnswer) return refuse(name, "is not known when an answer begins");
  if (stringIs(name, "response.duration")) return found(Shape.Number, TraceSlot.ResponseDuration, Needs.AnswerDuration);
  return refuse(name, "is not known of an answer; what is asked of the request has to be noted");
}

function readPlain(node: i32, name: i32, wanted: Interest): bool {
  if (stringIs(name, "request.method")) return field(node, wanted, ":method", Slot.Method);
  if (stringIs(name, "request.path")) return field(node, wanted, ":path", Slot.Path);
  if (stringIs(name, "request.host")) return field(node, wanted, ":authority", Slot.Host);
  // Over HTTP/2 `:scheme` is what the client claims; this one Envoy sets, or takes from a trusted hop.
  if (stringIs(name, "request.scheme")) return field(node, wanted, "x-forwarded-proto", Slot.Scheme);
  if (stringIs(name, "request.id")) return field(node, wanted, "x-request-id", Slot.Id);
  if (stringIs(name, "request.size")) return size(node, wanted);
  if (stringIs(name, "request.protocol")) return found(Shape.String, Slot.Protocol, Needs.Protocol);
  if (stringIs(name, "request.time")) return found(Shape.Time, 0, Needs.Time);
  if (stringIs(name, "source.ip")) return found(Shape.String, Slot.SourceIp, Needs.Source);
  if (stringIs(name, "source.port")) return found(Shape.Number, Slot.SourcePort, Needs.Source);
  if (stringIs(name, "source.principal")) return found(Shape.String, Slot.Principal, Needs.Principal);
  if (stringIs(name, "route.name")) return found(Shape.String, Slot.RouteName, Needs.Route);
  if (TRACING && asked === Asked.Traced && stringIs(name, "soap.operation"))
    return found(Shape.String, TraceSlot.Operation, Needs.Operation);
  if (!AUTH && isUntold(name)) return refuse(name, "is not handed on by the module that knows it");
  if (stringIs(name, "auth.consumer")) return found(Shape.String, Slot.Consumer, CONSUMER_NEEDS);
  if (stringIs(name, "auth.tier")) return found(Shape.String, Slot.Tier, TIER_NEEDS);
  if (stringIs(name, "auth.method")) return found(Shape.String, Slot.AuthMethod, Needs.Identity);
  if (stringIs(name, "auth.subject")) return found(Shape.String, Slot.Subject, Needs.Identity);
  if (stringIs(name, "auth.issuer")) return found(Shape.String, Slot.Issuer, Needs.Identity);
  if (stringIs(name, "auth.groups")) return found(Shape.List, List.Groups, GROUPS_NEEDS);
  if (stringIs(name, "auth.scopes")) {
    readScopes();
    return found(Shape.List, List.Scopes, Needs.Identity);
  }
  return refuse(name, "is not a known attribute");
}

/** Whether an attribute is one that a module in front does not hand on: it would never be there. */
function isUntold(name: i32): bool {
  return (
    stringIs(name, "auth.method") ||
    stringIs(name, "auth.subject") ||
    stringIs(name, "auth.issuer") ||
    stringIs(name, "auth.scopes")
  );
}

function found(newShape: i32, newPlace: i32, newNeeds: i32): bool {
  shape = newShape;
  place = newPlace;
  needs = newNeeds;
  return true;
}

/** An attribute that a header field carries. */
function field(node: i32, wanted: Interest, name: string, own: i32): bool {
  const slot = wantField(wanted, name, own);
  return slot < 0
    ? refuse(node, "needs more memory than the module may have")
    : found(Shape.String, slot, Needs.Headers);
}

function size(node: i32, wanted: Interest): bool {
  const source = wantField(wanted, "content-length", Slot.ContentLength);
  if (source < 0) return refuse(node, "needs more memory than the module may have");
  wanted.contentLength = source;
  return found(Shape.Number, Slot.Size, Needs.Headers | Needs.Size);
}

function wantField(wanted: Interest, name: string, own: i32): i32 {
  compose(24);
  putLiteral(name);
  return wantFixed(wanted, composedStart(), composedLength(), own);
}

function header(node: i32, argument: i32, wanted: Interest, kind: i32, needed: i32): bool {
  if (argument === NOWHERE) return refuse(node, "must name a header");
  if (!headerNameOf(argument)) return false;
  const slot = wantNamed(wanted, kind, stringStart(argument), stringLength(argument));
  return slot < 0 ? refuse(argument, "is one name too many") : found(Shape.String, slot, needed);
}

/** A query parameter, a cookie or a parameter of the route by its name, and the header field that it is in; see `attributePlace`. */
export function namedOf(node: i32, argument: i32, wanted: Interest, kind: i32): bool {
  if (argument === NOWHERE) return refuse(node, "must have a name");
  if (!nameOf(argument)) return false;
  const slot = wantNamed(wanted, kind, stringStart(argument), stringLength(argument));
  if (slot < 0) return refuse(argument, "is one name too many");
  const source =
    kind === Names.Cookie ? wantField(wanted, "cookie", Slot.Cookie) : wantField(wanted, ":path", Slot.Path);
  if (source < 0) return refuse(node, "needs more memory than the module may have");
  if (kind === Names.Cookie) {
    wanted.cookie = source;
    return found(Shape.String, slot, Needs.Headers | Needs.Cookies);
  }
  return found(Shape.String, slot, Needs.Headers | (kind === Names.Query ? Needs.Query : Needs.Params));
}

/** A claim of a token, by names with spaces between them. */
function claim(node: i32, argument: i32, wanted: Interest, kind: i32): bool {
  if (!AUTH) return refuse(node, "is not handed on by the module that knows it");
  if (argument === NOWHERE) return refuse(node, "must name a claim");
  if (!claimPathOf(argument)) return false;
  const slot = wantNamed(wanted, kind, stringStart(argument), stringLength(argument));
  if (slot < 0) return refuse(argument, "is one name too many");
  return found(kind === Names.Claim ? Shape.String : Shape.List, slot, Needs.Identity);
}

/** Whether a string is made of names of visible ASCII with single spaces between them, of at most 64 bytes in all. */
function claimPathOf(node: i32): bool {
  if (!stringOf(node, 1, LONGEST_NAME)) return false;
  const start = stringStart(node);
  const length = stringLength(node);
  let isAfterSpace = true;
  for (let i = 0; i < length; i++) {
    const isSpace = hasByte(start + <usize>i, 1, 0x20);
    if (isSpace ? isAfterSpace : !isVisibleAscii(start + <usize>i, 1)) return refuse(node, CLAIM_PATH);
    isAfterSpace = isSpace;
  }
  return !isAfterSpace || refuse(node, CLAIM_PATH);
}

const CLAIM_PATH: string = "must be names of visible ASCII with spaces between them";

/** Whether a string is a name of visible ASCII of at most 64 bytes. */
function nameOf(node: i32): bool {
  if (!stringOf(node, 1, LONGEST_NAME)) return false;
  return isVisibleAscii(stringStart(node), stringLength(node)) || refuse(node, "must be visible ASCII");
}

/** Whether a string is a header name in lower case (RFC 9110 5.1), of at most 64 bytes. */
export function headerNameOf(node: i32): bool {
  if (!stringOf(node, 1, LONGEST_NAME)) return false;
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
