import { headerNameOf } from "../../lib/attribute-reader";
import { isVisibleAscii } from "../../lib/bytes";
import {
  arrayOf,
  booleanOf,
  firstElement,
  isTrue,
  keepString,
  member,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  requiredMember,
  stringLength,
  stringOf,
  stringStart,
} from "../../lib/document";
import { Interest, wantHeader } from "../../lib/interest";
import { at, keepRecord, keepRecords, none } from "../../lib/region";
import { compose, hasByte, keepComposed, keepLiteral, putLiteral, putText, Text } from "../../lib/text";
import { addPair, beginPairs, keepPairs } from "../../proxy-wasm/headers";
import { LocalResponse } from "../../proxy-wasm/local-response";
import { Counters, defineCounters } from "../../proxy-wasm/metrics";
import { GrpcStatus } from "../../proxy-wasm/status";

const MOST_METHODS: i32 = 8;

/** One way to say who one is: an API key in a header. */
@unmanaged
export class Method {
  slot: i32 = 0;
  header: Text = none<Text>();
}

@unmanaged
export class AuthenticatePolicy {
  methodCount: i32 = 0;
  /** Array of Method. */
  methods: usize = 0;
  optional: i32 = 0;
  counters: Counters = none<Counters>();
  denial: LocalResponse = none<LocalResponse>();
  // What is said of a request, by outcome.
  authenticated: Text = none<Text>();
  anonymous: Text = none<Text>();
  noCredential: Text = none<Text>();
  duplicateCredential: Text = none<Text>();
  severalCredentials: Text = none<Text>();
  malformedCredential: Text = none<Text>();
  unknownCredential: Text = none<Text>();
}

/** Reads `authenticate` of a policy; false, and a problem noted, if it is wrong. */
export function readAuthenticate(node: i32, name: Text, policy: AuthenticatePolicy, interest: Interest): bool {
  if (!objectOf(node, "realm anyOf optional")) return false;
  const realm = requiredMember(node, "realm");
  const anyOf = requiredMember(node, "anyOf");
  if (realm === NOWHERE || anyOf === NOWHERE || !realmOf(realm)) return false;
  const optional = member(node, "optional");
  if (optional !== NOWHERE) {
    if (!booleanOf(optional)) return false;
    policy.optional = isTrue(optional) ? 1 : 0;
  }
  if (!readMethods(anyOf, policy, interest)) return false;
  policy.authenticated = decision(name, " allowed authenticated");
  policy.anonymous = decision(name, " allowed anonymous");
  policy.noCredential = decision(name, " denied no-credential");
  policy.duplicateCredential = decision(name, " denied duplicate-credential");
  policy.severalCredentials = decision(name, " denied several-credentials");
  policy.malformedCredential = decision(name, " denied malformed-credential");
  policy.unknownCredential = decision(name, " denied unknown-credential");
  policy.denial = keepRecord<LocalResponse>();
  policy.counters = keepRecord<Counters>();
  if (!defineCounters(policy.counters, "authenticate", name)) return refuse(node, "the host defines no counter");
  fillDenial(policy.denial, realm, name);
  return true;
}

function decision(name: Text, outcome: string): Text {
  compose(128);
  putText(name);
  putLiteral(outcome);
  return keepComposed();
}

/** A realm stands in a quoted string (RFC 9110 5.6.4), and is not escaped: so no quote and no backslash. */
function realmOf(node: i32): bool {
  if (!stringOf(node, 1, 128)) return false;
  const start = stringStart(node);
  const length = stringLength(node);
  for (let i = 0; i < length; i++) {
    const place = start + <usize>i;
    const allowed = isVisibleAscii(place, 1) || hasByte(place, 1, 0x20);
    if (!allowed || hasByte(place, 1, 0x22) || hasByte(place, 1, 0x5c)) {
      return refuse(node, "must be ASCII without quotes and backslashes");
    }
  }
  return true;
}

function readMethods(list: i32, policy: AuthenticatePolicy, interest: Interest): bool {
  const count = arrayOf(list, 1, MOST_METHODS);
  if (count < 0) return false;
  policy.methods = keepRecords<Method>(count);
  if (policy.methods === 0) return refuse(list, "needs more memory than the module may have");
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!objectOf(node, "apiKey")) return false;
    const apiKey = requiredMember(node, "apiKey");
    if (apiKey === NOWHERE || !objectOf(apiKey, "header")) return false;
    const header = requiredMember(apiKey, "header");
    if (header === NOWHERE || !headerNameOf(header)) return false;
    const method = at<Method>(policy.methods, policy.methodCount);
    method.slot = wantHeader(interest, stringStart(header), stringLength(header));
    if (method.slot < 0) return refuse(header, "is one header too many");
    for (let i = 0; i < policy.methodCount; i++) {
      if (at<Method>(policy.methods, i).slot === method.slot) return refuse(header, "is listed twice");
    }
    method.header = keepString(header);
    policy.methodCount++;
  }
  return true;
}

/** One answer for all causes, so that it tells nothing of keys. All methods have the same challenge: it is sent once. */
function fillDenial(denial: LocalResponse, realm: i32, name: Text): void {
  const contentType = keepLiteral("content-type");
  const problem = keepLiteral("application/problem+json");
  const authenticate = keepLiteral("www-authenticate");
  const realmText = keepString(realm);
  compose(160);
  putLiteral('ApiKey realm="');
  putText(realmText);
  putLiteral('"');
  const challenge = keepComposed();
  beginPairs();
  addPair(contentType, problem.start, problem.length);
  addPair(authenticate, challenge.start, challenge.length);
  denial.headers = keepPairs();
  denial.status = 401;
  denial.grpcStatus = GrpcStatus.Unauthenticated;
  denial.body = keepLiteral('{"type":"about:blank","title":"Unauthorized","status":401}');
  compose(80);
  putLiteral("sluice:");
  putText(name);
  denial.details = keepComposed();
}
