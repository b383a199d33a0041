import { BASE64_URL, base64Decode } from "./base64";
import { byteFrom } from "./bytes";
import { decimalCell, readDecimal } from "./decimal";
import { hmacInit, hmacMatches, hmacUpdate } from "./hmac";
import {
  JSON_NODE_BYTES,
  JSON_NUMBER,
  JSON_OBJECT,
  JSON_STRING,
  jsonLength,
  jsonNext,
  jsonParse,
  jsonStart,
  jsonType,
} from "./json";
import { JwsAlgorithm, jwsAlgorithmOf } from "./jws-algorithm";
import { JwtRefusal } from "./jwt-refusal";

// The compact form of JWS (RFC 7515, section 7.1), in which tokens come: from its text to a header, a signature and, when it is asked for, a payload
// of JSON. Nothing that it says may be believed before the signature was verified; this file only reads.
//
// Keys are known beforehand and never taken from a token, so `jwk`, `jku`, `x5u`, `x5c` and whatever else a header may have are passed over, as RFC
// 7515, section 4 has it. What changes how the rest is to be read, is refused: `crit` (4.1.11), `b64` (RFC 7797), `zip` (RFC 7516).

/** The longest token. */
export const JWS_MOST_BYTES: i32 = 16384;
/** The longest `kid`. */
export const JWS_MOST_KID_BYTES: i32 = 256;

/** Depth of containers in the header and in the payload. */
const DEPTH: i32 = 32;
/** Nodes of a header; of a payload. */
const HEADER_NODES: i32 = 128;
const PAYLOAD_NODES: i32 = 2048;
/** Bytes behind each part, so that it may be read in whole words. */
const SLACK: i32 = 16;
const POINT: u32 = 0x2e;

/** Numbers from 1e308 on are beyond what Envoy, and most others, can hold. */
const MOST_SCALE: i32 = 308;

/** A token that was read. What it points to stays good as long as the token and the space that it was read into. */
@unmanaged
export class Jws {
  algorithm: i32 = 0;
  /** Address 0 if there is none; the same of `type`. */
  kid: usize = 0;
  kidLength: i32 = 0;
  /** `typ`: what kind of token this is (RFC 8725, section 3.11). */
  type: usize = 0;
  typeLength: i32 = 0;
  /** What was signed: header, point, payload, as they were sent. */
  signed: usize = 0;
  signedLength: i32 = 0;
  signature: usize = 0;
  signatureLength: i32 = 0;
  /** Where in `signed` the payload begins. */
  payload: usize = 0;
  /** Of the payload, after `readJwsPayload`: an object, node 0. */
  tape: usize = 0;
  /** Where the payload is decoded to. */
  free: usize = 0;
}

/** Bytes of the space that a token of this length is read into. */
export function jwsSpaceBytes(length: i32): i32 {
  return nodesFor(length) * JSON_NODE_BYTES + length + 3 * SLACK;
}

/** A text has no more nodes than half its bytes, and one. */
function nodesFor(length: i32): i32 {
  return max(HEADER_NODES, min(PAYLOAD_NODES, length / 2 + 1));
}

/** Reads all of a token but its payload into `space`, which has `jwsSpaceBytes(length)` bytes and is aligned to 8. */
export function readJws(token: usize, length: i32, space: usize, jws: Jws): JwtRefusal {
  if (length > JWS_MOST_BYTES) return JwtRefusal.Length;
  const end = token + <usize>length;
  const first = byteFrom(token, end, POINT);
  const second = byteFrom(first + 1, end, POINT);
  if (first === token || second <= first + 1 || second + 1 >= end) return JwtRefusal.Parts;
  if (byteFrom(second + 1, end, POINT) !== end) return JwtRefusal.Parts;
  const header = space + <usize>(nodesFor(length) * JSON_NODE_BYTES);
  const headerLength = decode(token, first, header);
  if (headerLength < 0) return JwtRefusal.Encoding;
  jws.signature = header + <usize>(headerLength + SLACK);
  jws.signatureLength = decode(second + 1, end, jws.signature);
  if (jws.signatureLength < 0) return JwtRefusal.Encoding;
  jws.signed = token;
  jws.signedLength = <i32>(second - token);
  jws.payload = first + 1;
  jws.tape = space;
  jws.free = jws.signature + <usize>(jws.signatureLength + SLACK);
  return readObject(header, headerLength, space, HEADER_NODES) ? readHeader(space, jws) : JwtRefusal.Header;
}

/** Reads the payload of a token that was read, which has to be an object. */
export function readJwsPayload(jws: Jws): JwtRefusal {
  const end = jws.signed + <usize>jws.signedLength;
  const length = decode(jws.payload, end, jws.free);
  if (length < 0) return JwtRefusal.Encoding;
  return readObject(jws.free, length, jws.tape, nodesFor(length)) ? JwtRefusal.None : JwtRefusal.Payload;
}

/** Bytes of the payload, which after `readJwsPayload` is at `free`. */
export function jwsPayloadBytes(jws: Jws): i32 {
  const digits = <i32>(jws.signed + <usize>jws.signedLength - jws.payload);
  return (digits * 3) >> 2;
}

/** Whether the signature is the tag of what was signed, under a key that was prepared for its algorithm. */
export function jwsHmacMatches(jws: Jws, key: usize): bool {
  hmacInit(key);
  hmacUpdate(jws.signed, jws.signedLength);
  return hmacMatches(jws.signature, jws.signatureLength);
}

function decode(from: usize, to: usize, target: usize): i32 {
  return base64Decode(from, <i32>(to - from), target, BASE64_URL, false);
}

/** Parses an object; false for anything else, and for numbers that others cannot read. */
function readObject(source: usize, length: i32, tape: usize, room: i32): bool {
  const nodes = jsonParse(source, length, tape, room, DEPTH);
  if (nodes < 0 || jsonType(tape, 0) !== JSON_OBJECT) return false;
  for (let node = 1; node < nodes; node++) {
    if (jsonType(tape, node) === JSON_NUMBER && !isDouble(jsonStart(tape, node), jsonLength(tape, node))) return false;
  }
  return true;
}

function isDouble(start: usize, length: i32): bool {
  return readDecimal(start, length, true, decimalCell(0)) && decimalCell(0).scale <= MOST_SCALE;
}

// Names of header parameters, as they are read from memory.
const ALG: u32 = 0x676c61;
const KID: u32 = 0x64696b;
const TYP: u32 = 0x707974;
const B64: u32 = 0x343662;
const ZIP: u32 = 0x70697a;
const CRIT: u32 = 0x74697263;

function readHeader(tape: usize, jws: Jws): JwtRefusal {
  jws.algorithm = JwsAlgorithm.Unknown;
  jws.kid = 0;
  jws.kidLength = 0;
  jws.type = 0;
  jws.typeLength = 0;
  let name = 1;
  for (let left = jsonLength(tape, 0); left > 0; left--) {
    const refusal = readParameter(tape, name, jws);
    if (refusal !== JwtRefusal.None) return refusal;
    name = jsonNext(tape, name + 1);
  }
  return jws.algorithm === JwsAlgorithm.Unknown ? JwtRefusal.Algorithm : JwtRefusal.None;
}

function readParameter(tape: usize, name: i32, jws: Jws): JwtRefusal {
  const word = shortName(tape, name);
  if (word === CRIT || word === B64 || word === ZIP) return JwtRefusal.Extension;
  if (word !== ALG && word !== KID && word !== TYP) return JwtRefusal.None;
  const value = name + 1;
  if (jsonType(tape, value) !== JSON_STRING) return word === ALG ? JwtRefusal.Algorithm : JwtRefusal.Header;
  const start = jsonStart(tape, value);
  const length = jsonLength(tape, value);
  if (word === ALG) {
    jws.algorithm = jwsAlgorithmOf(start, length);
    return jws.algorithm === JwsAlgorithm.Unknown ? JwtRefusal.Algorithm : JwtRefusal.None;
  }
  if (word === TYP) {
    jws.type = start;
    jws.typeLength = length;
    return JwtRefusal.None;
  }
  jws.kid = start;
  jws.kidLength = length;
  return length > JWS_MOST_KID_BYTES ? JwtRefusal.Header : JwtRefusal.None;
}

/** A name of three bytes, or `crit`, as a number; 0 for any other. */
function shortName(tape: usize, name: i32): u32 {
  const start = jsonStart(tape, name);
  const length = jsonLength(tape, name);
  if (length === 4) return load<u32>(start) === CRIT ? CRIT : 0;
  return length === 3 ? <u32>load<u16>(start) | ((<u32>load<u8>(start, 2)) << 16) : 0;
}
