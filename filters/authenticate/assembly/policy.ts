import { Needs } from "../../lib/attributes";
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
} from "../../lib/document";
import { Interest } from "../../lib/interest";
import { at, exists, keepRecord, keepRecords, none } from "../../lib/region";
import { compose, keepComposed, keepLiteral, putLiteral, putText, sameText, Text } from "../../lib/text";
import { addPair, beginPairs, keepPairs } from "../../proxy-wasm/headers";
import { LocalResponse } from "../../proxy-wasm/local-response";
import { Counters, defineCounters } from "../../proxy-wasm/metrics";
import { GrpcStatus } from "../../proxy-wasm/status";
import { nameJwt } from "./jwt";
import { Lockout, readLockout } from "./lockout";
import { Method, MethodKind } from "./method";
import { readMethod } from "./methods";
import { newDecisions } from "./outcome";
import { realmOf } from "./realm";

const MOST_METHODS: i32 = 8;

@unmanaged
export class AuthenticatePolicy {
  methodCount: i32 = 0;
  /** Array of Method. */
  methods: usize = 0;
  optional: i32 = 0;
  /** What conditions want of a token. */
  interest: Interest = none<Interest>();
  /** Bits of Needs. */
  needs: i32 = 0;
  /** There if callers who fail too often are locked out. */
  lockout: Lockout = none<Lockout>();
  counters: Counters = none<Counters>();
  denial: LocalResponse = none<LocalResponse>();
  /** Where nobody can tell now who calls, or this worker looks at no more passwords. */
  busy: LocalResponse = none<LocalResponse>();
  /** What is said of a request: addresses of Text, by Outcome. */
  decisions: usize = 0;
}

/** Reads `authenticate` of a policy; false, and a problem noted, if it is wrong. */
export function readAuthenticate(node: i32, name: Text, policy: AuthenticatePolicy, interest: Interest): bool {
  if (!objectOf(node, "realm anyOf optional lockout")) return false;
  const realm = requiredMember(node, "realm");
  const anyOf = requiredMember(node, "anyOf");
  if (realm === NOWHERE || anyOf === NOWHERE || !realmOf(realm)) return false;
  policy.interest = interest;
  const optional = member(node, "optional");
  if (optional !== NOWHERE) {
    if (!booleanOf(optional)) return false;
    policy.optional = isTrue(optional) ? 1 : 0;
  }
  if (!readMethods(anyOf, name, policy, keepString(realm), interest)) return false;
  if (!nameMethods(policy, name)) return refuse(node, "the host defines no counter");
  const lockout = member(node, "lockout");
  if (lockout !== NOWHERE) {
    policy.lockout = readLockout(lockout, name, interest);
    if (!exists(policy.lockout)) return false;
    policy.needs |= policy.lockout.needs;
  }
  policy.decisions = newDecisions(name);
  if (policy.decisions === 0) return refuse(node, "needs more memory than the module may have");
  policy.needs |= Needs.Headers;
  policy.denial = keepRecord<LocalResponse>();
  policy.busy = keepRecord<LocalResponse>();
  policy.counters = keepRecord<Counters>();
  if (!defineCounters(policy.counters, "authenticate", name)) return refuse(node, "the host defines no counter");
  fillDenial(policy, name);
  fillBusy(policy);
  return true;
}

function readMethods(list: i32, name: Text, policy: AuthenticatePolicy, realm: Text, interest: Interest): bool {
  const count = arrayOf(list, 1, MOST_METHODS);
  if (count < 0) return false;
  policy.methods = keepRecords<Method>(count);
  if (policy.methods === 0) return refuse(list, "needs more memory than the module may have");
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    const method = at<Method>(policy.methods, policy.methodCount);
    if (!readMethod(node, method, name, realm, interest)) return false;
    policy.needs |= method.needs;
    for (let i = 0; i < policy.methodCount; i++) {
      const other = at<Method>(policy.methods, i);
      if (other.kind === method.kind && other.slot === method.slot) return refuse(node, "is listed twice");
      if (areOfBearer(other, method)) {
        other.sharesBearer = 1;
        method.sharesBearer = 1;
      }
    }
    policy.methodCount++;
  }
  return true;
}

/** Whether the one takes JSON Web Tokens, and the other tokens that are introspected. */
function areOfBearer(one: Method, other: Method): bool {
  if (one.kind === MethodKind.Jwt) return other.kind === MethodKind.Introspect;
  return one.kind === MethodKind.Introspect && other.kind === MethodKind.Jwt;
}

/** Methods that count something by themselves count it for their policy. */
function nameMethods(policy: AuthenticatePolicy, name: Text): bool {
  for (let i = 0; i < policy.methodCount; i++) {
    const method = at<Method>(policy.methods, i);
    if (method.kind === MethodKind.Jwt && !nameJwt(method, name)) return false;
  }
  return true;
}

/** One answer for all causes, so that it tells nothing of credentials. */
function fillDenial(policy: AuthenticatePolicy, name: Text): void {
  const denial = policy.denial;
  const contentType = keepLiteral("content-type");
  const problem = keepLiteral("application/problem+json");
  const authenticate = keepLiteral("www-authenticate");
  beginPairs();
  addPair(contentType, problem.start, problem.length);
  for (let i = 0; i < policy.methodCount; i++) {
    const challenge = at<Method>(policy.methods, i).challenge;
    if (!isChallengeBefore(policy, i)) addPair(authenticate, challenge.start, challenge.length);
  }
  denial.headers = keepPairs();
  denial.status = 401;
  denial.grpcStatus = GrpcStatus.Unauthenticated;
  denial.body = keepLiteral('{"type":"about:blank","title":"Unauthorized","status":401}');
  compose(80);
  putLiteral("sluice:");
  putText(name);
  denial.details = keepComposed();
}

/** It may pass: so clients may come again. */
function fillBusy(policy: AuthenticatePolicy): void {
  const busy = policy.busy;
  const problem = keepLiteral("application/problem+json");
  const second = keepLiteral("1");
  beginPairs();
  addPair(keepLiteral("content-type"), problem.start, problem.length);
  addPair(keepLiteral("retry-after"), second.start, second.length);
  busy.headers = keepPairs();
  busy.status = 503;
  busy.grpcStatus = GrpcStatus.Unavailable;
  busy.body = keepLiteral('{"type":"about:blank","title":"Service Unavailable","status":503}');
  busy.details = policy.denial.details;
}

/** Whether a method before this one has the same challenge. */
function isChallengeBefore(policy: AuthenticatePolicy, index: i32): bool {
  const challenge = at<Method>(policy.methods, index).challenge;
  for (let i = 0; i < index; i++) {
    if (sameText(at<Method>(policy.methods, i).challenge, challenge)) return true;
  }
  return false;
}
