import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { EnvoyGatewayDeployment, IstioDeployment } from "../policy/deployments.js";
import type { PathPattern } from "../policy/path.js";
import type { QueryMatch } from "../policy/query.js";
import type { Direction } from "../policy/sidecar.js";
import type { PlacedEndpoint } from "../policy/zones.js";
import type { RequestView, Verdict } from "../request/verdict.js";
import type { Span } from "../syntax/source.js";
import type { AccessLogPlan } from "./access-log.js";
import type { CallerPlan } from "./callers.js";
import type { Credential } from "./credentials.js";
import type { ErrorPage } from "./errors.js";
import type { RouteForwarding } from "./forwarding.js";
import type { KeySource } from "./key-sources.js";
import type { NativePolicy } from "./native.js";
import type { RouteResilience, ServiceResilience } from "./resilience.js";
import type { TestSignIn } from "./sign-in.js";
import type { Collector } from "./tracing.js";
import type { Http3Plan, ListenerTls, Protocol, ServiceTls } from "./transport.js";
import type { ZonePlan } from "./zones.js";

export type Json = string | number | boolean | null | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/**
 * The narrow waist: policy kinds produce it, targets consume it, neither knows the other. Every node has the place in
 * the policy file that it comes from.
 */
export interface GatewayPlan {
  name: string;
  origin: Span;
  listeners: ListenerPlan[];
  services: ServicePlan[];
  /** Gateways by zone; absent if no service asks in which zone it is. */
  gateways?: Readonly<Record<string, number>>;
  /** What the gateway has room for; absent if the file says nothing of it. */
  overload?: OverloadPlan;
  /** What requests are counted by beside policies; absent if by nothing. */
  metrics?: MetricsPlan;
  /** How the file says that the gateway is deployed in clusters. */
  deployments?: { istio?: IstioDeployment; envoyGateway?: EnvoyGatewayDeployment };
  consumers: ConsumerPlan[];
  /** Policies that at least one route runs, in the order of the file. */
  policies: PolicyPlan[];
  hosts: HostPlan[];
  /** Request headers that only the gateway writes: removed from every request before anything reads it. */
  ownedRequestHeaders: string[];
}

/** Beyond these the gateway refuses clients. */
export interface OverloadPlan {
  connections?: number;
  heapBytes?: number;
}

export interface MetricsPlan {
  /** How many consumers are counted by their names. */
  consumers?: number;
  /** Envoy counts what services answer by route. */
  routes?: true;
}

export interface ListenerPlan {
  name: string;
  origin: Span;
  address: string;
  port: number;
  trustedHops: number;
  escapedSlashes: "reject" | "unescape" | "keep";
  headerUnderscores: "reject" | "drop" | "allow";
  /** Absent if it speaks plain HTTP. */
  tls?: ListenerTls;
  /** The only version that it takes over TCP; either if absent. */
  protocol?: Protocol;
  /** Absent if it does not speak HTTP/3. */
  http3?: Http3Plan;
  /** Where its clients are, in a gateway that has both kinds. */
  direction?: Direction;
  /** It takes connections that the kernel redirects. */
  captures?: true;
  /** The listener that takes its connections; it is not bound itself. */
  capturedBy?: string;
  /** What the policy asks for; absent if nothing. */
  accessLog?: AccessLogPlan;
  /** Pages in place of what the gateway itself answers; absent if there are none. */
  errors?: ErrorPage[];
  /** Clients are told which policy decided, and why; absent if not. */
  tellsDecision?: true;
}

export interface ServicePlan extends ServiceResilience {
  name: string;
  /** Of a version that is not the active one. */
  version?: string;
  /** The version that it is, of a service with versions. */
  active?: string;
  origin: Span;
  discovery: Discovery;
  /** How it prefers those in the zone of the gateway; absent if it does not. */
  zoneAware?: ZonePlan;
  connectTimeoutMs: number;
  /** Absent if it speaks plain HTTP. */
  tls?: ServiceTls;
  /** HTTP/1.1 if absent; `grpc` is spoken over HTTP/2, `auto` is what the service chooses by ALPN. */
  protocol?: "http2" | "grpc" | "auto";
}

export type Discovery =
  | { by: "static"; endpoints: PlacedEndpoint[] }
  /** A name and a port. With `first`, only the first address of the newest answer counts. */
  | { by: "dns"; endpoints: PlacedEndpoint[]; addresses?: "first"; refreshMs?: number }
  /** A file that may change while the target runs, and the name that it has for the service. As the file was; none where only the target reads it. */
  | {
      by: "eds";
      endpoints: PlacedEndpoint[];
      name: string;
      file: { mounted: string } | { beside: string; text: string };
    };

export interface ConsumerPlan {
  name: string;
  origin: Span;
  tier?: string;
  groups: string[];
  credentials: Credential[];
}

/** A request or response header whose value a policy leaves in the stream under `sluice.<property>`. */
export interface ResultHeader {
  name: string;
  property: string;
  /** What the module is told to leave there, where that is several properties at once. */
  told?: string;
  /** The value, where it is the same whatever the request: then it is written, and nobody need leave it. */
  constant?: string;
}

export interface PolicyPlan {
  name: string;
  kind: string;
  origin: Span;
  /** What the file says of it for people. */
  description?: string;
  phase: Phase;
  /** Absent if it is enforced. In shadow it decides, counts and tells, and lets every request pass; off, no route runs it. */
  mode?: { is: "shadow" | "off"; origin: Span };
  /** The requests that it applies to; all if absent. */
  when?: Condition;
  /** What becomes of a request that it cannot judge, where that is not what its phase does by itself. */
  onError?: "deny";
  /** Attributes that later policies of the chain may use because of this one. */
  provides: readonly string[];
  /** Those of them that every request has which it lets pass; none if absent. */
  guarantees?: readonly string[];
  requires: readonly { attribute: string; origin: Span }[];
  /** Attributes that it does without on routes where nobody finds them out. */
  wants?: readonly { attribute: string; origin: Span }[];
  /** Request headers that its expressions and credentials read. */
  readsHeaders: readonly string[];
  /** Query parameters, cookies and captures that it reads, as they are written: `request.query["x"]`, `route.params.id`. */
  readsNamed: readonly string[];
  /** Body of the policy in the module configuration, under the name of its kind; empty if the module has no part in it. */
  config: JsonObject;
  /** Variables of the environment that its `config` refers to as `env:NAME`; the module must have them. */
  variables?: readonly string[];
  /** Whether it has Envoy verify signatures, in tests at least. */
  verifiesSignatures?: true;
  /** Whether it has to be told when answers begin. */
  readsAnswers?: true;
  /** Whether it has to hear of the end of streams, and to say that it is there. */
  followsStreams?: true;
  /** What it is in tests, where nothing is left to chance; no data of the plan. As it is if absent. */
  inTests?: () => Pick<PolicyPlan, "config" | "decide">;
  /** Callers may be known by a certificate that they show to a listener. */
  knowsByCertificate?: true;
  /** How tests sign a request in; no data of the plan. Absent where it does not find out who calls. */
  signIn?: TestSignIn;
  /** What a filter of Envoy's own does for it; such a policy is not in the module configuration, unless `isInModule` says so. */
  native?: NativePolicy;
  /** Services that it asks by itself. */
  asks?: readonly { service: string; origin: Span }[];
  /** The endpoint of a service that the module asks what a token is, while the request waits. */
  introspection?: { service: string; path: string };
  /** Where a module sends what it learns of requests. */
  collector?: Collector;
  /** Where a module fetches the keys by which it verifies tokens. */
  fetches?: KeySource;
  /** Request headers that only it may write: what a client sends under these names is removed from every request. */
  ownedRequestHeaders?: readonly string[];
  /** What `body.wasm` does for it behind the guard; such a policy is in the configuration of that module. */
  conversion?: Conversion;
  /** Parameters of the query and cookies that credentials come in. */
  keys?: KeyPlaces;
  /** Its callers sign a digest of the body: `body.wasm` compares the two behind the guard, for bodies of so many bytes at most. */
  digest?: { maxBody: number };
  /** Request headers removed before the service sees the request, such as a credential. */
  removeRequestHeaders: readonly string[];
  requestHeaders: readonly ResultHeader[];
  responseHeaders: readonly ResultHeader[];
  /** What it says of one request, for explanations; no data of the plan. Absent where the kind has no model. */
  decide?: (view: RequestView) => Verdict;
  /** Warnings of the policy where it stands in a chain. Asked once for each chain that occurs, if there is no error. */
  lint?: (chain: Chain) => readonly Diagnostic[];
}

/** Credentials that stand among other things of a request. */
export interface KeyPlaces {
  query: readonly string[];
  cookies: readonly string[];
  /** Absent if Envoy takes them out behind the guard, so that nobody there sees them. */
  stay?: true;
}

/** A policy that turns requests into others and answers back, body and all: a route with it is split into its operations. */
export interface Conversion {
  operations: readonly OperationPlan[];
  /** Variables of the environment that its `config` refers to as `env:NAME`; the module must have them. */
  variables: readonly string[];
  /** Bytes of the largest body, of a request or an answer, as it comes or as it goes on: Envoy must hold it whole. */
  bufferBytes: number;
  /** Speaks for the service in tests. */
  mock: ServiceMock;
  /**
   * What clients can ask for, as an OpenAPI 3.1 document.
   *
   * @param also statuses that other policies of its routes answer with
   */
  openApi(info: { title: string; version: string; also: readonly number[] }): JsonObject;
}

/** One operation of a conversion, as clients ask for it and as the service is asked. */
export interface OperationPlan {
  name: string;
  origin: Span;
  match: { method: string; path: PathPattern };
  /** Otherwise a request without a body gets an empty one, `{}`, in front of the module: that cannot make one. */
  takesBody: boolean;
  /** Value of the pin header that the module sets once a request is converted. */
  pin: string;
  /** What Envoy writes of the converted request; the method is always POST, and the module has cut off the query. */
  service: { path: string; headers: Record<string, string> };
}

/** A service that a conversion asks, in tests. Bodies are texts. */
export interface ServiceMock {
  /** What of an answer does not fit the operation, each with a JSON pointer into the response, or the detail of the fault. */
  check(operation: string, answer: MockAnswer): readonly { pointer: string; message: string }[];
  /** What a request of the gateway asks for, and its input as JSON; undefined, also for garbage, if it is none that the service knows. */
  read(request: MockRequest): { operation: string; input: Json } | undefined;
  /** The answer on the wire. */
  write(operation: string, answer: MockAnswer): { status: number; headers: Record<string, string>; body: string };
}

export interface MockRequest {
  headers: ReadonlyMap<string, string>;
  body: string;
}

/** A value as clients have it, or a declared fault by its name with its detail. */
export type MockAnswer = { response: Json } | { fault: { name: string; detail: Json } };

/** An expression beside the kind of a policy, with what it reads. */
export interface Condition {
  text: string;
  origin: Span;
  /** As the module reads it. */
  predicate: Json;
  readsHeaders: readonly string[];
  readsNamed: readonly string[];
}

/** Request headers that a policy and its condition read. */
export function headersRead({ readsHeaders, when }: PolicyPlan): readonly string[] {
  return when === undefined ? readsHeaders : [...readsHeaders, ...when.readsHeaders];
}

/** Query parameters, cookies and captures that a policy and its condition read. */
export function namedRead({ readsNamed, when }: PolicyPlan): readonly string[] {
  return when === undefined ? readsNamed : [...readsNamed, ...when.readsNamed];
}

/** The policies of a route in order of execution; the same for every route with the same policies and kind of answer. */
export interface Chain {
  steps: readonly { policy: PolicyPlan; origin: Span }[];
  /** A route that has the chain. */
  route: RoutePlan;
}

/** Phases of a request, in order of execution. Envoy carries out `ipAccess`, `fault`, `cors`, `limit-of-all`, `externalAuth`, `bodyLimit`, `headers` and `compress`, `body.wasm` `convert`, the guard all others. */
export const PHASES = [
  "ipAccess",
  "fault",
  "cors",
  "trace",
  "limit",
  "authenticate",
  "authorize",
  "limit-by-identity",
  "limit-of-all",
  "externalAuth",
  "bodyLimit",
  "headers",
  "compress",
  "convert",
] as const;
export type Phase = (typeof PHASES)[number];

export interface HostPlan {
  /** Name of the virtual host; among those of one listener no two have the same. */
  name: string;
  /** Names of the listeners whose requests it is for; those of all if absent. */
  listeners?: readonly string[];
  origin: Span;
  /** Domains as Envoy matches them; `*` for any. */
  domains: string[];
  /** First match serves; the last route takes every request. */
  routes: RoutePlan[];
}

/** Whether requests of a listener come to a virtual host. */
export function isOn({ listeners }: Pick<HostPlan, "listeners">, listener: string): boolean {
  return listeners?.includes(listener) ?? true;
}

export interface RoutePlan {
  /** Envoy's route name, which the guard reads to choose the policies. Several entries may share one. */
  name: string;
  origin: Span;
  match: { path: PathPattern; methods: string[]; headers: HeaderMatch[]; query?: QueryMatch[] };
  action: RouteAction;
  /** The operation that a conversion of the route does for its requests. */
  operation?: { policy: string; operation: OperationPlan };
  /** Of the entry for what no operation takes: the conversion that has none for it, and where its operations have what they capture. */
  rest?: { policy: string; captures: readonly Capture[] };
  /** Policies in order of execution. */
  run: AppliedPolicy[];
  /** Policies that the route would run were they not off; absent if there are none. */
  off?: AppliedPolicy[];
}

/** A named segment of a path; segments are counted from 0. */
export interface Capture {
  name: string;
  segment: number;
}

export type HeaderMatch = { name: string } & (
  | { form: "exact"; value: string }
  | { form: "contains"; text: string }
  | { form: "regex"; regex: string }
  /** There, and not matched by the expression. */
  | { form: "unlike"; regex: string }
  | { form: "present"; present: boolean }
  /** The header `cookie` has a cookie, with any value if none is given. */
  | { form: "cookie"; cookie: string; value?: string }
);

/** A service that may get a request, by its share of all weights. */
export interface Target {
  service: string;
  weight: number;
}

export interface ForwardAction extends RouteResilience, RouteForwarding {
  type: "forward";
  to: Target[];
  /** Pages in place of failed answers of the services, or in their stead; absent if there are none. */
  errors?: ErrorPage[];
  /** Callers whose requests go elsewhere, by who they are: the first that fits decides. Absent if there are none. */
  callers?: CallerPlan[];
  /** The service whose `admission` and `adaptiveConcurrency` the requests keep: the only one, whatever its versions. */
  sheds?: string;
  /** For the whole answer; 0 where calls have deadlines in its place. */
  timeoutMs: number;
  /** Its requests are calls of gRPC, and may be streams: they end with the deadline that the client gives, and after so long at most; 0 is no limit. */
  calls?: { mostMs: number };
}

export type RouteAction =
  | ForwardAction
  | { type: "respond"; status: number; body: string | undefined; headers: Record<string, string> }
  | { type: "redirect"; status: 301 | 302 | 303 | 307 | 308; url: RedirectTarget };

export interface RedirectTarget {
  scheme?: "http" | "https";
  host?: string;
  port?: number;
  path?: string;
}

/** How a policy came to a route, and where that was said. */
export interface AppliedPolicy {
  policy: string;
  via: "mandatory" | "defaults" | "apply";
  origin: Span;
}
