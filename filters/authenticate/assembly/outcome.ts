import { keepPointers, pointerAt, setPointer } from "../../lib/region";
import { compose, keepComposed, putLiteral, putText, Text } from "../../lib/text";

/** What comes of looking for a caller. */
export enum Outcome {
  Authenticated = 0,
  Anonymous = 1,
  NoCredential = 2,
  /** The same credential twice, or perhaps another one beside it. */
  DuplicateCredential = 3,
  /** Credentials of two methods. */
  SeveralCredentials = 4,
  MalformedCredential = 5,
  /** It is nobody's. */
  UnknownCredential = 6,
  /** This worker cannot look at more passwords now. */
  OverBudget = 7,
  /** The caller has failed too often. */
  LockedOut = 8,
  /** The host did not give what is needed. */
  Unavailable = 9,
}

const OUTCOMES: i32 = 10;

/** Whether it counts against the caller. */
export function isFailure(outcome: Outcome): bool {
  switch (outcome) {
    case Outcome.DuplicateCredential:
    case Outcome.SeveralCredentials:
    case Outcome.MalformedCredential:
    case Outcome.UnknownCredential:
      return true;
    default:
      return false;
  }
}

function isLet(outcome: Outcome): bool {
  return outcome === Outcome.Authenticated || outcome === Outcome.Anonymous;
}

function wordOf(outcome: Outcome): string {
  switch (outcome) {
    case Outcome.Authenticated:
      return "authenticated";
    case Outcome.Anonymous:
      return "anonymous";
    case Outcome.NoCredential:
      return "no-credential";
    case Outcome.DuplicateCredential:
      return "duplicate-credential";
    case Outcome.SeveralCredentials:
      return "several-credentials";
    case Outcome.MalformedCredential:
      return "malformed-credential";
    case Outcome.OverBudget:
      return "over-budget";
    case Outcome.LockedOut:
      return "locked-out";
    case Outcome.Unavailable:
      return "unavailable";
    default:
      return "unknown-credential";
  }
}

/** Decisions of a policy by outcome: addresses of Text; 0 without memory. */
export function newDecisions(policy: Text): usize {
  const decisions = keepPointers(OUTCOMES);
  if (decisions === 0) return 0;
  for (let outcome = 0; outcome < OUTCOMES; outcome++) {
    compose(128);
    putText(policy);
    putLiteral(isLet(outcome) ? " allowed " : " denied ");
    putLiteral(wordOf(outcome));
    setPointer(decisions, outcome, keepComposed());
  }
  return decisions;
}

/** What to say of an outcome. */
export function decisionOf(decisions: usize, outcome: Outcome): Text {
  return pointerAt<Text>(decisions, outcome);
}
