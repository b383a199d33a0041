import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type HeaderValueOption,
  HeaderValueOption_HeaderAppendAction,
  HeaderValueOptionSchema,
} from "../../envoy/generated/envoy/config/core/v3/base_pb.js";
import {
  RedirectAction_RedirectResponseCode,
  type RouteMatchSchema,
  type RouteSchema,
} from "../../envoy/generated/envoy/config/route/v3/route_components_pb.js";
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from "../../envoy/generated/envoy/config/route/v3/route_pb.js";
import { duration } from "../../envoy/message.js";
import { digestingOf, heldBytes, NOT_FOR_CONVERTED, staleHeaders } from "../../plan/body.js";
import { limitHeaders } from "../../plan/global-limits.js";
import { operationName, PIN_HEADER } from "../../plan/names.js";
import { type HeaderEdits, headerEdits } from "../../plan/native.js";
import type { GatewayPlan, HeaderMatch, HostPlan, PolicyPlan, RouteAction, RoutePlan } from "../../plan/plan.js";
import { answerHeaders, serviceHeaders } from "../../plan/results.js";
import { escapeRegex, hasTwoSpellings, type PathPattern, spellingsRegex, templateRegex } from "../../policy/path.js";
import { comparingDigests, operationFilters } from "./body.js";
import { type CallersEntry, callerMatchers, choosingAgain, entriesForCallers } from "./callers.js";
import { RouteErrors } from "./errors.js";
import { formatOf, literal } from "./formats.js";
import { forwarding } from "./forwarding.js";
import type { Passing } from "./guard.js";
import { type HeaderMatcherInit, headerMatcher } from "./header-matcher.js";
import { takingOut } from "./keys.js";
import { NativeConfigurations } from "./native.js";
import { originMetadata } from "./options.js";
import { queryMatchers } from "./queries.js";
import { deadlines, persistence } from "./retries.js";
import { shedding } from "./shedding.js";
import { routeTracing } from "./tracers.js";

type RouteInit = MessageInitShape<typeof RouteSchema>;
type RouteMatchInit = MessageInitShape<typeof RouteMatchSchema>;

const { OVERWRITE_IF_EXISTS_OR_ADD: OVERWRITE, APPEND_IF_EXISTS_OR_ADD: APPEND } = HeaderValueOption_HeaderAppendAction;

/** Envoy refuses direct responses above this; the largest body that a route may answer with. */
export const MAX_RESPONSE_BODY_BYTES = 65_536;

/**
 * @param hosts those of some listeners
 * @param isLogged whether an access log shows who refused a request
 * @param passing what keeps requests of a route out of the guard, by its name
 */
export function routeConfiguration(
  plan: GatewayPlan,
  hosts: readonly HostPlan[],
  isLogged: boolean,
  passing: Passing = () => [],
): RouteConfiguration {
  const policies = new Map(plan.policies.map((policy) => [policy.name, policy]));
  const headers = new Headers();
  const native = new NativeConfigurations(plan.policies, isLogged);
  const errors = new RouteErrors();
  const parts = { policies, services: plan.services, metrics: plan.metrics, headers, native, errors, passing };
  return create(RouteConfigurationSchema, {
    name: plan.name,
    ignorePortInHostMatching: true,
    maxDirectResponseBodySizeBytes: MAX_RESPONSE_BODY_BYTES,
    virtualHosts: hosts.map((host) => ({
      name: host.name,
      domains: host.domains,
      routes: host.routes
        .flatMap(pinnedTwin)
        .concat(host.routes)
        .flatMap(entriesForCallers)
        .map((route) => routeEntry(route, parts)),
      metadata: originMetadata(host.origin),
    })),
  });
}

/** An entry as Envoy has it: of an operation, or of its requests once they are converted; for everybody, or for some callers. */
type Entry = CallersEntry<RoutePlan & { isConverted?: true }>;

/**
 * The entry that takes the requests of an operation from the moment on that they are converted. Whoever comes by its pin has been
 * through the policies of the operation, so it stands before all others. It has the path of the operation too: several routes
 * may have the same operation.
 */
function pinnedTwin(route: RoutePlan): Entry[] {
  if (route.operation === undefined) return [];
  const { path, headers } = route.match;
  const pin: HeaderMatch = { name: PIN_HEADER, form: "exact", value: route.operation.operation.pin };
  return [{ ...route, match: { path, methods: [], headers: [pin, ...headers] }, isConverted: true }];
}

/** What the entries of one table of routes are made of: messages that several have are made once. */
interface Parts {
  metrics: GatewayPlan["metrics"];
  policies: ReadonlyMap<string, PolicyPlan>;
  services: GatewayPlan["services"];
  headers: Headers;
  native: NativeConfigurations;
  errors: RouteErrors;
  passing: Passing;
}

function routeEntry(route: Entry, { policies, services, headers, native, errors, metrics, passing }: Parts): RouteInit {
  const run = route.run.flatMap((applied) => policies.get(applied.policy) ?? []);
  const fixed = route.action.type === "respond" ? Object.entries(route.action.headers) : [];
  const forwards = route.action.type === "forward";
  const natives = run.map(({ native }) => native);
  const [asked, answered] = [headerEdits(natives, "request"), headerEdits(natives, "response")];
  const { operation: done, isConverted } = route;
  const digesting = digestingOf(run);
  const service = isConverted ? done?.operation.service : undefined;
  return {
    name: route.name,
    match: routeMatch(route.match, route.of),
    action: routeAction(route.action, service?.path),
    ...routeTracing(route, run),
    ...(forwards && metrics?.routes === true ? { statPrefix: route.name } : {}),
    ...(done === undefined && digesting === undefined ? {} : { requestBodyBufferLimit: BigInt(heldBytes(run)) }),
    metadata: originMetadata(route.origin, {
      ...(digesting === undefined ? {} : { digest: digesting.name }),
      ...(done === undefined ? {} : { operation: operationName(done) }),
    }),
    requestHeadersToRemove: forwards
      ? unique([
          ...run.flatMap((policy) => policy.removeRequestHeaders),
          ...asked.remove,
          ...(service === undefined ? [] : NOT_FOR_CONVERTED),
        ])
      : [],
    requestHeadersToAdd: forwards
      ? [
          ...headers.set(serviceHeaders(run)),
          ...headers.edits(asked),
          ...Object.entries(service?.headers ?? {}).map(([name, value]) => headers.of(name, literal(value))),
        ]
      : [],
    responseHeadersToRemove: unique([...answered.remove, ...staleHeaders(run), ...limitHeaders(run)]),
    responseHeadersToAdd: [
      ...fixed.map(([name, value]) => headers.of(name, literal(value))),
      ...headers.set(answerHeaders(route, run)),
      ...(run.some((policy) => policy.native?.filter === "cors") ? [headers.of("vary", "origin", APPEND)] : []),
      ...headers.edits(answered),
    ],
    typedPerFilterConfig: Object.fromEntries([
      ...passing(route.name),
      ...choosingAgain(route),
      ...takingOut(run),
      ...comparingDigests(run),
      ...errors.of(route),
      ...shedding(route, services),
      ...native.of(run).map(({ filter, configuration }) => [filter, configuration] as const),
      ...(done === undefined ? [] : operationFilters(done.operation)),
    ]),
  };
}

/** The headers that routes write. Most write the same few: each is one message, which is printed and checked once. */
class Headers {
  private readonly made = new Map<string, HeaderValueOption>();

  of(key: string, value: string, appendAction: HeaderValueOption_HeaderAppendAction = OVERWRITE): HeaderValueOption {
    const name = `${appendAction} ${key}:${value}`;
    const before = this.made.get(name);
    if (before !== undefined) return before;
    const header = create(HeaderValueOptionSchema, {
      header: { key, value },
      appendAction,
    });
    this.made.set(name, header);
    return header;
  }

  /** A result that is absent leaves its header out. */
  set(headers: HeaderEdits["set"]): HeaderValueOption[] {
    return headers.map(({ name, value }) => this.of(name, formatOf(value)));
  }

  /** What policies set and add. */
  edits({ set, add }: HeaderEdits): HeaderValueOption[] {
    return [...this.set(set), ...add.map(({ name, value }) => this.of(name, literal(value), APPEND))];
  }
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].toSorted();
}

function routeMatch(match: RoutePlan["match"], of: Entry["of"]): RouteMatchInit {
  return {
    pathSpecifier: pathSpecifier(match.path),
    headers: [...methodMatcher(match.methods), ...match.headers.map(headerMatcher)],
    queryParameters: queryMatchers(match.query),
    filterState: callerMatchers(of),
  };
}

function pathSpecifier(path: PathPattern): NonNullable<RouteMatchInit["pathSpecifier"]> {
  switch (path.form) {
    case "exact":
      if (hasTwoSpellings(path.path)) return { case: "safeRegex", value: { regex: spellingsRegex(path.path, false) } };
      return { case: "path", value: path.path };
    case "prefix":
      if (hasTwoSpellings(path.path)) return { case: "safeRegex", value: { regex: spellingsRegex(path.path, true) } };
      return path.path === "/" ? { case: "prefix", value: "/" } : { case: "pathSeparatedPrefix", value: path.path };
    case "template":
      return { case: "safeRegex", value: { regex: templateRegex(path.segments, path.rest) } };
    case "regex":
      return { case: "safeRegex", value: { regex: path.regex } };
  }
}

function methodMatcher(methods: readonly string[]): HeaderMatcherInit[] {
  const [only] = methods;
  if (only === undefined) return [];
  const pattern =
    methods.length === 1
      ? ({ case: "exact", value: only } as const)
      : ({ case: "safeRegex", value: { regex: methods.map(escapeRegex).join("|") } } as const);
  return [{ name: ":method", headerMatchSpecifier: { case: "stringMatch", value: { matchPattern: pattern } } }];
}

const REDIRECT_CODES = {
  301: RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY,
  302: RedirectAction_RedirectResponseCode.FOUND,
  303: RedirectAction_RedirectResponseCode.SEE_OTHER,
  307: RedirectAction_RedirectResponseCode.TEMPORARY_REDIRECT,
  308: RedirectAction_RedirectResponseCode.PERMANENT_REDIRECT,
} as const;

/** @param path that the service is asked for, in place of that of the request */
function routeAction(action: RouteAction, path?: string): NonNullable<RouteInit["action"]> {
  switch (action.type) {
    case "forward":
      return {
        case: "route",
        value: {
          clusterSpecifier: clusterSpecifier(action.to),
          timeout: duration(action.timeoutMs),
          ...deadlines(action),
          ...persistence(action),
          ...forwarding(action),
          // Envoy has format commands here too.
          ...(path === undefined ? {} : { pathRewrite: literal(path) }),
        },
      };
    case "respond":
      return {
        case: "directResponse",
        value: {
          status: action.status,
          ...(action.body === undefined ? {} : { body: { specifier: { case: "inlineString", value: action.body } } }),
        },
      };
    case "redirect":
      return {
        case: "redirect",
        value: {
          responseCode: REDIRECT_CODES[action.status],
          ...(action.url.scheme === undefined
            ? {}
            : { schemeRewriteSpecifier: { case: "schemeRedirect", value: action.url.scheme } }),
          ...(action.url.host === undefined ? {} : { hostRedirect: action.url.host }),
          ...(action.url.port === undefined ? {} : { portRedirect: action.url.port }),
          ...(action.url.path === undefined
            ? {}
            : { pathRewriteSpecifier: { case: "pathRedirect", value: action.url.path } }),
        },
      };
  }
}

function clusterSpecifier(to: readonly { service: string; weight: number }[]) {
  const [only] = to;
  if (to.length === 1 && only !== undefined) return { case: "cluster", value: only.service } as const;
  const clusters = to.map(({ service, weight }) => ({ name: service, weight }));
  return { case: "weightedClusters", value: { clusters } } as const;
}
