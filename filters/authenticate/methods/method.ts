import type { z } from "zod";
import type { Credential } from "../../../compiler/plan/credentials.js";
import type { KeySource } from "../../../compiler/plan/key-sources.js";
import type { ConsumerPlan, JsonObject, ResultHeader } from "../../../compiler/plan/plan.js";
import type { PolicyContext } from "../../../compiler/policy/kind.js";
import type { ClientRequest } from "../../../compiler/request/request.js";
import type { Reason, RequestView, Verdict } from "../../../compiler/request/verdict.js";
import type { Path } from "../../../compiler/syntax/document.js";
import type { Span } from "../../../compiler/syntax/source.js";

/** One way to say who one is: a key of `anyOf`, and a file of `../assembly`. */
export interface Method<Spec> {
  /** Also the value of `auth.method`. */
  name: string;
  /** In the policy file. */
  schema: z.ZodType<Spec>;
  /** In the configuration of the modules. */
  config: z.ZodType;
  /** What it is for one policy, or nothing after it reported an error. Paths of the context are relative to the body of `authenticate`. */
  plan(spec: Spec, path: Path, context: PolicyContext): MethodPlan | undefined;
}

export interface MethodPlan {
  name: string;
  /** Its member in the configuration of the modules. */
  config: JsonObject;
  /** The same in tests, where the runner has keys of its own; as it is if absent. */
  inTests?: { config: JsonObject; model: MethodModel };
  /** Variables of the environment that `config` refers to. */
  variables?: readonly string[];
  /** The service that it asks what a credential is, while the request waits. */
  asks?: { service: string; path: string; origin: Span };
  /** Whether it has Envoy verify signatures, in tests at least. */
  verifiesSignatures?: true;
  /** Where it fetches its keys, and where the file says so. */
  fetches?: { source: KeySource; origin: Span };
  /** Request headers that only it may write. */
  ownedRequestHeaders?: readonly string[];
  /** Where its credential is, in words: no two methods of a policy look in the same place for the same. */
  where: string;
  /** Where the file says so. */
  place: Path;
  /** Whether its credential belongs to the connection: then it counts only where the request itself carries none. */
  ofConnection?: true;
  readsHeaders: readonly string[];
  /** Parameters of the query, and cookies, that it reads, as they are written. */
  readsNamed?: readonly string[];
  /** Where its credential stands among other things of the request. */
  among?: { in: "query" | "cookie"; name: string };
  /** Bytes of the largest body whose digest it takes; absent if its credentials are none about bodies. */
  digests?: number;
  /** Of the credentials in `authorization` that are its own, where it shares that header with others. */
  scheme?: string;
  /** Headers that are removed before the service sees the request, unless the policy forwards credentials. */
  removes: readonly string[];
  /** Attributes that somebody has who signed in so; others may be told besides. */
  guarantees: readonly string[];
  provides: readonly string[];
  requestHeaders: readonly ResultHeader[];
  /** Whether a credential of a consumer is one for it. */
  takes(credential: Credential): boolean;
  /** Whether it lets in nobody who is no consumer. */
  onlyConsumers: boolean;
  model: MethodModel;
  signIn: MethodSignIn;
}

/** What it says of a request: `../assembly` in words. Never shows a credential. */
export interface MethodModel {
  /** Whether there is a credential, good or bad, and a line that says so. */
  look(view: RequestView): { present: boolean; reason: Reason };
  /** What comes of one that is there. */
  judge(view: RequestView): MethodVerdict;
}

export type MethodVerdict =
  | { outcome: "denied"; reason: string; summary: string; status?: number }
  | { outcome: "open"; reason: string; summary: string }
  | { outcome: "allowed"; caller: NonNullable<Verdict["caller"]>; summary: string };

/** How tests sign a request in by this method. */
export interface MethodSignIn {
  /** What consumers are known by in tests; undefined if what they have will do, or nothing is needed. */
  credential(consumer: ConsumerPlan): Credential | undefined;
  sign(request: ClientRequest, consumer: ConsumerPlan, body: Uint8Array): ClientRequest;
  /** A request with a token that claims this. Issuer, audience and a late `exp` need not be among it; null leaves a claim out. */
  token?(request: ClientRequest, claims: JsonObject): ClientRequest;
  /** What a service that is asked says of a token by which a consumer was signed in; undefined of any other. */
  introspected?(token: string, consumers: readonly ConsumerPlan[]): JsonObject | undefined;
  /** What the service has in tests that publishes its keys; absent where there is none. */
  keys?: readonly JsonObject[];
}
