import { BASE64_STANDARD, base64Decode } from "../../lib/base64";
import { byteFrom, hasControlCharacter, wipeBytes } from "../../lib/bytes";
import { keepString, member, NOWHERE, objectOf, refuse } from "../../lib/document";
import { Interest } from "../../lib/interest";
import { arenaTake, at } from "../../lib/region";
import { findName } from "../../lib/table";
import { hasByte, keepLiteral } from "../../lib/text";
import { utf8Valid } from "../../lib/utf8";
import { takeRounds } from "./attempts";
import { credentialLength, credentialStart, readAuthorization } from "./authorization";
import { Consumers } from "./consumers";
import { findConsumer } from "./finding";
import { Method, MethodKind } from "./method";
import { Outcome } from "./outcome";
import { realmOf } from "./realm";
import { isKnownFor, noteKnownFor, prepareVerified, tagCredential } from "./verified";
import { dummyVerifier, isVerifierOf, Verifier } from "./verifier";

// A user and a password in `authorization` (RFC 7617), known by a salted verifier.

/** Bytes of the longest credential in base64, of the longest user and of the longest password. */
const LONGEST_CREDENTIAL: i32 = 4096;
const LONGEST_USER: i32 = 512;
const LONGEST_PASSWORD: i32 = 1024;

/** Reads a `basic`; false, and a problem noted, if it is wrong. */
export function readBasic(node: i32, method: Method, interest: Interest): bool {
  if (!objectOf(node, "realm")) return false;
  const realm = member(node, "realm");
  if (realm !== NOWHERE) {
    if (!realmOf(realm)) return false;
    method.realm = keepString(realm);
  }
  method.kind = MethodKind.Basic;
  method.name = keepLiteral("basic");
  if (!readAuthorization(node, method, "basic", interest)) return false;
  return prepareVerified() || refuse(node, "needs random bytes of the host, or more memory than the module may have");
}

export function verifyBasic(method: Method, consumers: Consumers): Outcome {
  const start = credentialStart(method);
  const length = credentialLength(method);
  // Envoy joins repeated headers with commas (RFC 9110 5.3).
  if (length > 0 && hasByte(start, length, 0x2c)) return Outcome.DuplicateCredential;
  if (length <= 0 || length > LONGEST_CREDENTIAL) return Outcome.MalformedCredential;
  const text = arenaTake(<usize>length);
  if (text === 0) return Outcome.MalformedCredential;
  const bytes = base64Decode(start, length, text, BASE64_STANDARD, true);
  const outcome = bytes < 0 ? Outcome.MalformedCredential : verifyText(text, bytes, method, consumers);
  wipeBytes(text, length);
  return outcome;
}

/** @param text the user, a colon, and the password, which may have more colons */
function verifyText(text: usize, length: i32, method: Method, consumers: Consumers): Outcome {
  const end = text + <usize>length;
  const colon = byteFrom(text, end, 0x3a);
  const userLength = <i32>(colon - text);
  const password = colon + 1;
  const passwordLength = length - userLength - 1;
  if (userLength === 0 || userLength > LONGEST_USER) return Outcome.MalformedCredential;
  if (passwordLength <= 0 || passwordLength > LONGEST_PASSWORD) return Outcome.MalformedCredential;
  // RFC 7617, section 2: neither of the two has control characters.
  if (!utf8Valid(text, length) || hasControlCharacter(text, length)) return Outcome.MalformedCredential;

  const address = findName(consumers.users, text, userLength);
  const isUser = address >= 0;
  const verifier = isUser ? at<Verifier>(<usize>address, 0) : dummyVerifier();
  tagCredential(text, length);
  if (!isKnownFor(verifier)) {
    if (!takeRounds(consumers.rounds)) return Outcome.OverBudget;
    const isRight = isVerifierOf(verifier, password, passwordLength, consumers.rounds);
    if (!isRight || !isUser) return Outcome.UnknownCredential;
    noteKnownFor(verifier);
  }
  findConsumer(verifier.consumer, method.name);
  return Outcome.Authenticated;
}
