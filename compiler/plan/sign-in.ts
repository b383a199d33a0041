import type { ClientRequest } from "../request/request.js";
import type { Credential } from "./credentials.js";
import type { ConsumerPlan, JsonObject } from "./plan.js";

/** Credentials of the runner's own: they are no secrets, and the same in every run. */
export interface TestSignIn {
  /** What a consumer has in tests beside its own credentials, whose secrets nobody knows. */
  credentials(consumer: ConsumerPlan): Credential[];
  /** What a service that publishes keys has in tests, as JSON Web Keys; absent where the policy asks none. */
  keys?: readonly JsonObject[];
  /** A request with a credential of the consumer, where the policy looks for one. */
  sign(request: ClientRequest, consumer: ConsumerPlan, body: Uint8Array): ClientRequest;
  /** A request with a token that claims this, by the runner's own key; absent where the policy takes no tokens. */
  token?(request: ClientRequest, claims: JsonObject): ClientRequest;
  /** What a service that is asked about tokens says of one by which a consumer was signed in; undefined of any other. */
  introspected?(token: string, consumers: readonly ConsumerPlan[]): JsonObject | undefined;
}
