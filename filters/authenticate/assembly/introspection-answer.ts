import { copyBytes } from "../../lib/bytes";
import { JSON_FALSE, JSON_OBJECT, JSON_TRUE, jsonMember, jsonParse, jsonType } from "../../lib/json";
import { JSON_NODE_BYTES } from "../../lib/json-tape";
import { claimIs, JwtClaims, jwtIsFor, readJwtClaims } from "../../lib/jwt";
import { JwtRefusal } from "../../lib/jwt-refusal";
import { arenaTake, at, exists, none, pointerAt } from "../../lib/region";
import { keepLiteral, Text } from "../../lib/text";
import { bodyLength, bodyStart, readBody } from "../../proxy-wasm/body";
import { answeredStatus } from "../../proxy-wasm/calls";
import { BufferType } from "../../proxy-wasm/status";
import { Introspector } from "./introspector";
import { Outcome, outcomeOfToken } from "./outcome";

// What the service says of a token (RFC 7662, section 2.2). An answer that is not exactly one is none: nobody is let in by it, and it is not remembered.

/** Bytes of the largest answer. */
const MOST_BYTES: i32 = 16384;
const MOST_NODES: i32 = 2048;
/** Bytes behind a text, so that it may be read in whole words. */
const SLACK: i32 = 16;
const DEPTH: i32 = 32;
/** The last second of the year 9999: of a token without `exp`. */
const NEVER: i64 = 253402300799;

const ACTIVE: usize = memory.data<u8>([0x61, 0x63, 0x74, 0x69, 0x76, 0x65]);
const ACTIVE_LENGTH: i32 = 6;

const CLAIMS: usize = memory.data(48, 8);

// The answer at hand, in the arena.
let tape: usize = 0;
let text: usize = 0;
let textLength: i32 = 0;
let statusName: Text = none<Text>();

export function answerTape(): usize {
  return tape;
}

/** Where the tape points to, and how long that is. */
export function answerText(): usize {
  return text;
}

export function answerTextLength(): i32 {
  return textLength;
}

export function answerClaims(): JwtClaims {
  return at<JwtClaims>(CLAIMS, 0);
}

/** Makes the constants; when a configuration is read. */
export function prepareAnswer(): void {
  if (!exists(statusName)) statusName = keepLiteral(":status");
}

/** Reads the text of the answer that the module is told of now; false if it is of no use. */
export function readAnswer(size: i32): bool {
  if (size <= 0 || size > MOST_BYTES || answeredStatus(statusName) !== 200) return false;
  if (!readBody(BufferType.HttpCallResponseBody, size)) return false;
  text = bodyStart();
  textLength = bodyLength();
  return textLength === size;
}

/** Makes a text that was kept the answer at hand; false without memory. */
export function readAnswerAgain(start: usize, length: i32): bool {
  text = arenaTake(<usize>(length + SLACK));
  textLength = length;
  if (text !== 0) copyBytes(text, start, length);
  return text !== 0;
}

/**
 * What the answer at hand says, whose text is given up. Authenticated: the token is good for whatever the time is; Unavailable: it is no answer; anything else
 * holds of the token.
 */
export function judgeAnswer(own: Introspector): Outcome {
  tape = arenaTake(MOST_NODES * JSON_NODE_BYTES);
  if (tape === 0) return Outcome.Unavailable;
  if (jsonParse(text, textLength, tape, MOST_NODES, DEPTH) < 0 || jsonType(tape, 0) !== JSON_OBJECT)
    return Outcome.Unavailable;
  const active = jsonMember(tape, 0, ACTIVE, ACTIVE_LENGTH);
  if (active < 0) return Outcome.Unavailable;
  if (jsonType(tape, active) === JSON_FALSE) return Outcome.InactiveToken;
  return jsonType(tape, active) === JSON_TRUE ? judgeClaims(own) : Outcome.Unavailable;
}

function judgeClaims(own: Introspector): Outcome {
  const claims = answerClaims();
  const refusal = readJwtClaims(tape, claims);
  if (refusal === JwtRefusal.NoExpiry) claims.expires = NEVER;
  else if (refusal !== JwtRefusal.None) return Outcome.Unavailable;
  const issuer = own.issuer;
  if (exists(issuer) && !claimIs(tape, claims.issuer, issuer.start, issuer.length))
    return outcomeOfToken(JwtRefusal.Issuer);
  return isForUs(own, claims) ? Outcome.Authenticated : outcomeOfToken(JwtRefusal.Audience);
}

function isForUs(own: Introspector, claims: JwtClaims): bool {
  if (own.audienceCount === 0) return true;
  for (let i = 0; i < own.audienceCount; i++) {
    const audience = pointerAt<Text>(own.audiences, i);
    if (jwtIsFor(tape, claims, audience.start, audience.length)) return true;
  }
  return false;
}
