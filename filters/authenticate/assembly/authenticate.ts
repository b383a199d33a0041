import { Slot, setAttribute, setGroups } from "../../lib/attributes";
import { at, exists, none } from "../../lib/region";
import { Text } from "../../lib/text";
import { LocalResponse } from "../../proxy-wasm/local-response";
import { strayAuthorization } from "./authorization";
import { Consumer, Consumers } from "./consumers";
import { forgetFinding, foundBy, foundConsumer } from "./finding";
import { countFailure, Standing, standingOf } from "./lockout";
import { Method } from "./method";
import { isPresented, verify } from "./methods";
import { decisionOf, isFailure, Outcome } from "./outcome";
import { AuthenticatePolicy } from "./policy";

// Who is calling. What came of the last call is in `authenticateDecision` and `authenticateDenial`.

let consumer: Consumer = none<Consumer>();
let decision: Text = none<Text>();
let denial: LocalResponse = none<LocalResponse>();

/** The consumer that was recognised in this request; the missing record if none was. */
export function recognisedConsumer(): Consumer {
  return consumer;
}

export function forgetConsumer(): void {
  consumer = none<Consumer>();
}

/** What to say of the last call of `authenticate`. */
export function authenticateDecision(): Text {
  return decision;
}

/** What to answer if the last call of `authenticate` let nobody in. */
export function authenticateDenial(): LocalResponse {
  return denial;
}

/**
 * Whether the request may go on.
 * @param identifies whether whoever is recognised becomes the caller, with the auth attributes; else it stays unknown
 */
export function authenticate(policy: AuthenticatePolicy, consumers: Consumers, identifies: bool): bool {
  forgetFinding();
  const outcome = judge(policy, consumers);
  if (identifies && exists(foundBy)) recognise();
  decision = decisionOf(policy.decisions, outcome);
  denial = denialOf(policy, outcome);
  return outcome === Outcome.Authenticated || outcome === Outcome.Anonymous;
}

/** Whoever shows a credential and is locked out is not listened to, whatever it is. */
function judge(policy: AuthenticatePolicy, consumers: Consumers): Outcome {
  const outcome = choose(policy);
  if (outcome === Outcome.NoCredential) return policy.optional === 0 ? outcome : Outcome.Anonymous;
  const lockout = policy.lockout;
  if (!exists(lockout)) return exists(chosen) ? verify(chosen, consumers) : outcome;
  const standing = standingOf(lockout);
  if (standing === Standing.Locked) return Outcome.LockedOut;
  if (standing === Standing.Unknown) return Outcome.Unavailable;
  const heard = exists(chosen) ? verify(chosen, consumers) : outcome;
  if (isFailure(heard)) countFailure(lockout);
  return heard;
}

// The method whose credential is there, if `choose` found one and nothing beside it.
let chosen: Method = none<Method>();

/**
 * The method whose credential is there decides; two at once are refused, as nobody could tell whose request it is. What comes of the request where no
 * method is to be asked; nothing is to be read from it where one is.
 */
function choose(policy: AuthenticatePolicy): Outcome {
  chosen = none<Method>();
  const stray = strayAuthorization(policy.methods, policy.methodCount);
  if (stray !== Outcome.Anonymous) return stray;
  let found = none<Method>();
  for (let i = 0; i < policy.methodCount; i++) {
    const method = at<Method>(policy.methods, i);
    if (!isPresented(method)) continue;
    if (exists(found)) return Outcome.SeveralCredentials;
    found = method;
  }
  chosen = found;
  return exists(found) ? Outcome.UnknownCredential : Outcome.NoCredential;
}

function denialOf(policy: AuthenticatePolicy, outcome: Outcome): LocalResponse {
  if (outcome === Outcome.LockedOut) return policy.lockout.response;
  return outcome === Outcome.OverBudget || outcome === Outcome.Unavailable ? policy.busy : policy.denial;
}

function recognise(): void {
  setAttribute(Slot.AuthMethod, foundBy.start, foundBy.length);
  const found = foundConsumer;
  if (!exists(found)) return;
  consumer = found;
  setAttribute(Slot.Consumer, found.name.start, found.name.length);
  if (exists(found.tier)) setAttribute(Slot.Tier, found.tier.start, found.tier.length);
  setGroups(found.groups, found.groupCount);
}
