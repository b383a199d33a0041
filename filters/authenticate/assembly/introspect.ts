import { byteFrom, isVisibleAscii } from "../../lib/bytes";
import { formBytes, formEncode } from "../../lib/form";
import { Interest } from "../../lib/interest";
import { jsonLength, jsonStart } from "../../lib/json-tape";
import { claimAt, JwtClaims, NO_CLAIM } from "../../lib/jwt";
import { JwtRefusal } from "../../lib/jwt-refusal";
import { addressOf, arenaTake, at, exists, keepRecord, none } from "../../lib/region";
import { sha256 } from "../../lib/sha256";
import {
  compose,
  composed,
  composedLength,
  composedStart,
  hasByte,
  keepLiteral,
  put,
  putText,
  Text,
  textInArena,
} from "../../lib/text";
import { monotonicTime, unixTime } from "../../proxy-wasm/clock";
import { credentialLength, credentialStart, readAuthorization } from "./authorization";
import { ClaimHeaders, fillClaimHeaders } from "./claim-headers";
import { Consumers, consumerOfSubject } from "./consumers";
import { findClaimant } from "./finding";
import {
  answerClaims,
  answerTape,
  answerText,
  answerTextLength,
  judgeAnswer,
  prepareAnswer,
  readAnswer,
  readAnswerAgain,
} from "./introspection-answer";
import { Introspector, readIntrospector } from "./introspector";
import { Method, MethodKind } from "./method";
import { Outcome, outcomeOfToken } from "./outcome";
import { holdAnswer, isAbout, KEY_BYTES, keyOf, MOST_TOGETHER, Question, waitFor } from "./questions";
import { addRefused, refusedAs } from "./refused-tokens";
import { addClaims, knownToken } from "./token-cache";

// Tokens in `Authorization: Bearer` that only whoever gave them out can read: it is asked what they are (RFC 7662), once for all requests that wait for the same
// answer, and not again for a while.

/** As long as other credentials may be. */
const LONGEST_TOKEN: i32 = 4096;
/** Seconds by which a token may be ahead of time, as clocks differ. One that has run out is not good any more. */
const SKEW: i64 = 30;
const POINT: u32 = 0x2e;
const SPACE: u8 = 0x20;

const DIGEST: usize = memory.data(KEY_BYTES, 8);

let bodyBegin: Text = none<Text>();
/** The issuer of a token of which the service does not say who gave it out. */
let nobody: Text = none<Text>();

// The question whose answer the module is told of now, and what comes of it.
let settled: Question = none<Question>();
let verdict: Outcome = Outcome.Unavailable;

/** Reads an `introspect`; false, and a problem noted, if it is wrong. */
export function readIntrospect(node: i32, method: Method, policy: Text, interest: Interest): bool {
  const own = keepRecord<Introspector>();
  if (!readIntrospector(node, own, policy, interest)) return false;
  prepareAnswer();
  if (!exists(bodyBegin)) {
    bodyBegin = keepLiteral("token_type_hint=access_token&token=");
    nobody = keepLiteral("");
  }
  method.kind = MethodKind.Introspect;
  method.name = keepLiteral("introspect");
  own.asker.owner = addressOf(own);
  method.own = addressOf(own);
  return readAuthorization(node, method, "bearer", interest);
}

/** The headers that tell claims, of a method of this kind. */
export function introspectedHeadersOf(method: Method): ClaimHeaders {
  return at<Introspector>(method.own, 0).headers;
}

/** Whether the bearer token of the request at hand is not of three parts, as JSON Web Tokens are. */
export function hasOpaqueToken(method: Method): bool {
  const end = credentialStart(method) + <usize>max(0, credentialLength(method));
  let points = 0;
  for (let place = byteFrom(credentialStart(method), end, POINT); place < end; place = byteFrom(place + 1, end, POINT))
    points++;
  return points !== 2;
}

export function verifyIntrospect(method: Method, consumers: Consumers): Outcome {
  const token = credentialStart(method);
  const length = credentialLength(method);
  if (length <= 0) return Outcome.MalformedCredential;
  // Proxies join repeated headers with commas (RFC 9110 5.3).
  if (hasByte(token, length, 0x2c)) return Outcome.DuplicateCredential;
  if (length > LONGEST_TOKEN) return outcomeOfToken(JwtRefusal.Length);
  if (!isVisibleAscii(token, length)) return Outcome.MalformedCredential;
  const own = at<Introspector>(method.own, 0);
  sha256(token, length, DIGEST);
  if (exists(settled))
    return isAbout(settled, own.asker, DIGEST) ? judgeSettled(method, own, consumers) : Outcome.Unavailable;
  const now = monotonicTime();
  if (now === 0) return Outcome.Unavailable;
  const refused = refusedAs(own.refused, DIGEST, now);
  if (refused >= 0) return refused;
  const known = knownToken(own.cache, DIGEST, KEY_BYTES);
  if (exists(known) && known.until > now) return admit(method, own, consumers, known.tape, known.claims);
  return ask(own, token, length) ? Outcome.Waiting : Outcome.Unavailable;
}

function judgeSettled(method: Method, own: Introspector, consumers: Consumers): Outcome {
  if (verdict !== Outcome.Authenticated) return verdict;
  return admit(method, own, consumers, answerTape(), answerClaims());
}

/** What comes of a token that is active, as the time is now. */
function admit(method: Method, own: Introspector, consumers: Consumers, tape: usize, claims: JwtClaims): Outcome {
  const now = unixTime() / 1000;
  // A host without a time does not know whether a token has expired.
  if (now === 0 || claims.expires <= now) return outcomeOfToken(JwtRefusal.Expired);
  if (claims.notBefore > now + SKEW) return outcomeOfToken(JwtRefusal.NotYetValid);
  if (!fillClaimHeaders(own.headers, tape)) return outcomeOfToken(JwtRefusal.Claim);
  const issuer =
    claims.issuer === NO_CLAIM ? nobody : textInArena(jsonStart(tape, claims.issuer), jsonLength(tape, claims.issuer));
  if (!exists(issuer)) return Outcome.Unavailable;
  const node = claimAt(tape, own.consumer.start, own.consumer.length, SPACE);
  const consumer = consumerOfSubject(consumers, issuer, tape, node);
  findClaimant(consumer, method.name, tape, claims, own.headers);
  return Outcome.Authenticated;
}

/** Whatever bytes a token has, it is the value of one parameter. */
function ask(own: Introspector, token: usize, length: i32): bool {
  const encoded = arenaTake(<usize>formBytes(length));
  if (encoded === 0) return false;
  const encodedLength = formEncode(token, length, encoded);
  compose(bodyBegin.length + encodedLength);
  putText(bodyBegin);
  put(encoded, encodedLength);
  return composed() && waitFor(own.asker, DIGEST, composedStart(), composedLength());
}

/**
 * Takes the answer to a question, which the module is told of now. Until `endSettling` requests are judged by it that waited for it.
 *
 * @param size bytes of its body
 */
export function settle(question: Question, size: i32): void {
  settled = question;
  const own = at<Introspector>(question.asker.owner, 0);
  const isRead = readAnswer(size);
  if (question.count > MOST_TOGETHER) holdAnswer(question, isRead ? answerText() : 0, answerTextLength());
  verdict = isRead ? judgeAnswer(own) : Outcome.Unavailable;
  const now = monotonicTime();
  if (verdict === Outcome.Unavailable || now === 0) return;
  const until = now + own.ttl;
  const key = keyOf(question);
  if (verdict !== Outcome.Authenticated) {
    addRefused(own.refused, key, verdict, until);
    return;
  }
  const known = addClaims(own.cache, key, KEY_BYTES, answerTape(), answerText(), answerTextLength(), answerClaims());
  if (exists(known)) known.until = until;
}

/** The same for those who were not told it yet. */
export function settleAgain(question: Question): void {
  settled = question;
  const own = at<Introspector>(question.asker.owner, 0);
  const isRead = question.answer !== 0 && readAnswerAgain(question.answer, question.answerLength);
  verdict = isRead ? judgeAnswer(own) : Outcome.Unavailable;
}

export function endSettling(): void {
  settled = none<Question>();
}
