import { JwtClaims } from "../../lib/jwt";
import { none } from "../../lib/region";
import { Text } from "../../lib/text";
import { ClaimHeaders } from "./claim-headers";
import { Consumer } from "./consumers";

// Whom a method found the caller of the request at hand to be. Good while the request is judged.

/** The consumer whose credential it is; the missing record if it is none's. */
export let foundConsumer: Consumer = none<Consumer>();
/** The name of the method, as `auth.method` has it; the missing record if nobody was found. */
export let foundBy: Text = none<Text>();

/** What a verified token claims, with its tape; the missing record if there is none. */
export let foundClaims: JwtClaims = none<JwtClaims>();
export let foundTape: usize = 0;
/** What headers say of it. */
export let foundHeaders: ClaimHeaders = none<ClaimHeaders>();

export function forgetFinding(): void {
  foundConsumer = none<Consumer>();
  foundBy = none<Text>();
  foundClaims = none<JwtClaims>();
  foundTape = 0;
  foundHeaders = none<ClaimHeaders>();
}

/** Notes a caller that is a consumer. */
export function findConsumer(consumer: Consumer, method: Text): void {
  foundConsumer = consumer;
  foundBy = method;
}

/** Notes whoever a token is for: a consumer, or only somebody whom its issuer knows. */
export function findClaimant(
  consumer: Consumer,
  method: Text,
  tape: usize,
  claims: JwtClaims,
  headers: ClaimHeaders,
): void {
  foundConsumer = consumer;
  foundBy = method;
  foundClaims = claims;
  foundTape = tape;
  foundHeaders = headers;
}
