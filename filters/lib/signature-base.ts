import { byteFrom, isVisibleAscii } from "./bytes";
import { afterSpace, beforeSpace } from "./field-space";
import { Component, component, componentKind, HttpSignature } from "./http-signature";
import { putInnerList } from "./structured-output";
import { compose, composed, put, putByte } from "./text";

// The signature base (RFC 9421, section 2.5): a line for each covered component, in the order of the signature, then one for the signature itself. It is
// composed in the arena. No value has a line end in it and each line begins with its name in quotes, so no two requests have one base.

/** What the derived components come of: as they were sent, but for the scheme, which is `http` or `https`. */
@unmanaged
export class SignedRequest {
  method: usize = 0;
  methodLength: i32 = 0;
  scheme: usize = 0;
  schemeLength: i32 = 0;
  authority: usize = 0;
  authorityLength: i32 = 0;
  /** The path, and the query if there is one. */
  target: usize = 0;
  targetLength: i32 = 0;
}

const LINE_FEED: u8 = 0x0a;
const TAB: u32 = 0x09;
const SPACE: u8 = 0x20;
const QUOTE: u8 = 0x22;
const SLASH: u32 = 0x2f;
const COLON: u8 = 0x3a;
const QUESTION: u8 = 0x3f;
const AT: u32 = 0x40;
const CLOSE: u32 = 0x5d;

/** `"@signature-params": ` */
const SIGNATURE_PARAMS: usize = memory.data<u8>([
  0x22, 0x40, 0x73, 0x69, 0x67, 0x6e, 0x61, 0x74, 0x75, 0x72, 0x65, 0x2d, 0x70, 0x61, 0x72, 0x61, 0x6d, 0x73, 0x22,
  0x3a, 0x20,
]);
const SIGNATURE_PARAMS_BYTES: i32 = 21;
/** `://` */
const AFTER_SCHEME: usize = memory.data<u8>([0x3a, 0x2f, 0x2f]);

/** Begins a base of at most `capacity` bytes. */
export function beginSignatureBase(capacity: i32): void {
  compose(capacity);
}

/**
 * Puts the line of a header field, which is there once; white space around its value does not count. False if the value has a byte that is no visible
 * ASCII, space or tab: nothing of what follows may then be believed.
 */
export function putField(signature: HttpSignature, index: i32, value: usize, length: i32): bool {
  const start = afterSpace(value, value + <usize>length);
  const end = beforeSpace(start, value + <usize>length);
  for (let cursor = start; cursor < end; cursor++) {
    const byte = <u32>load<u8>(cursor);
    if ((byte < 0x20 && byte !== TAB) || byte > 0x7e) return false;
  }
  beginLine(signature, index);
  put(start, <i32>(end - start));
  putByte(LINE_FEED);
  return true;
}

/** Puts the line of a derived component; false if the request has none that can be signed. */
export function putDerived(signature: HttpSignature, index: i32, request: SignedRequest): bool {
  beginLine(signature, index);
  if (!putValue(componentKind(signature, index), request)) return false;
  putByte(LINE_FEED);
  return true;
}

/** Ends the base: `composedStart` and `composedLength` tell where it is. False if there was no room for it. */
export function endSignatureBase(signature: HttpSignature): bool {
  put(SIGNATURE_PARAMS, SIGNATURE_PARAMS_BYTES);
  putInnerList(signature.tape, signature.list);
  return composed();
}

function beginLine(signature: HttpSignature, index: i32): void {
  const name = component(signature, index);
  putByte(QUOTE);
  put(name.start, name.length);
  putByte(QUOTE);
  putByte(COLON);
  putByte(SPACE);
}

function putValue(kind: Component, request: SignedRequest): bool {
  switch (kind) {
    case Component.Method:
      return putVisible(request.method, request.methodLength);
    case Component.Scheme:
      return putVisible(request.scheme, request.schemeLength);
    case Component.Authority:
      return putAuthority(request);
    case Component.RequestTarget:
      return putVisible(request.target, request.targetLength);
    case Component.TargetUri:
      return putTargetUri(request);
    case Component.Path:
      return hasPath(request) && putVisible(request.target, pathLength(request));
    case Component.Query:
      return hasPath(request) && putQuery(request);
    default:
      return false;
  }
}

function putVisible(start: usize, length: i32): bool {
  if (length === 0 || !isVisibleAscii(start, length)) return false;
  put(start, length);
  return true;
}

/** 2.2.2 */
function putTargetUri(request: SignedRequest): bool {
  if (!hasPath(request) || !putVisible(request.scheme, request.schemeLength)) return false;
  put(AFTER_SCHEME, 3);
  return putAuthority(request) && putVisible(request.target, request.targetLength);
}

/** 2.2.3: in small letters, without the port of the scheme. */
function putAuthority(request: SignedRequest): bool {
  const start = request.authority;
  const length = request.authorityLength - defaultPortBytes(request);
  if (length === 0 || !isVisibleAscii(start, length) || load<u8>(start) === COLON) return false;
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(start + <usize>i);
    // Whoever stands before an `@`, is not the host.
    if (byte === AT) return false;
    putByte(<u8>(byte - 0x41 < 26 ? byte | 0x20 : byte));
  }
  return load<u8>(start + <usize>length - 1) !== COLON;
}

/** Bytes of `:80` behind a host of http, of `:443` behind one of https; 0 if it has another port, or none. */
function defaultPortBytes(request: SignedRequest): i32 {
  const isHttps = request.schemeLength === 5;
  const bytes = isHttps ? 4 : 3;
  const hostLength = request.authorityLength - bytes;
  if (hostLength < 1) return 0;
  const port = request.authority + <usize>hostLength;
  const isDefault = isHttps ? load<u32>(port) === 0x3334343a : load<u16>(port) === 0x383a && load<u8>(port, 2) === 0x30;
  if (!isDefault) return 0;
  // Else it is a part of an address without brackets.
  const isHost = load<u8>(port - 1) === CLOSE || byteFrom(request.authority, port, COLON) === port;
  return isHost ? bytes : 0;
}

/** Whether the target is a path with or without a query, and not `*` or an authority. */
function hasPath(request: SignedRequest): bool {
  return request.targetLength > 0 && load<u8>(request.target) === SLASH;
}

function pathLength(request: SignedRequest): i32 {
  return <i32>(byteFrom(request.target, request.target + <usize>request.targetLength, QUESTION) - request.target);
}

/** 2.2.7: with its `?`, which stands alone where there is no query. */
function putQuery(request: SignedRequest): bool {
  const length = pathLength(request);
  if (length < request.targetLength) return putVisible(request.target + <usize>length, request.targetLength - length);
  putByte(QUESTION);
  return true;
}
