import { RE2JS } from "@bufbuild/re2";
import { type GatewayPlan, type HeaderMatch, type HostPlan, isOn, type RoutePlan } from "../plan/plan.js";
import { cookieRegex } from "../policy/cookies.js";
import { hasTwoSpellings, type PathPattern, spellingsRegex, templateRegex } from "../policy/path.js";
import type { QueryMatch } from "../policy/query.js";
import type { RoutedRequest } from "./request.js";
import { wireOfText } from "./wire-text.js";

/** Where a request ends up, as Envoy finds it: one virtual host, and in it the first route that takes the request. */
export interface RouteMatch {
  host: HostPlan;
  route: RoutePlan;
  /** Position of the route in its virtual host. */
  index: number;
}

/** What of a route's match a request lacks. */
export type Mismatch =
  | { part: "path" }
  | { part: "method"; methods: readonly string[] }
  | { part: "header"; header: HeaderMatch; sent: readonly string[] }
  | { part: "query"; parameter: QueryMatch; sent: string | undefined };

/**
 * @param listener that the request came to, by its name
 * @returns undefined only for a plan in which no virtual host, or no route of it, takes every request
 */
export function matchRoute(plan: GatewayPlan, listener: string, request: RoutedRequest): RouteMatch | undefined {
  const host = virtualHost(plan, listener, request.authority);
  const index = host?.routes.findIndex((route) => mismatch(route, request) === undefined) ?? -1;
  const route = host?.routes[index];
  return host === undefined || route === undefined ? undefined : { host, route, index };
}

/** The virtual host of an authority: the name itself, then the longest suffix (`*.example.com`), then `*`. */
export function virtualHost(plan: GatewayPlan, listener: string, authority: string): HostPlan | undefined {
  const name = hostWithoutPort(authority).toLowerCase();
  const { exact, suffixes, any } = domains(plan, listener);
  return (
    exact.get(name) ?? suffixes.find(({ suffix }) => name.length > suffix.length && name.endsWith(suffix))?.host ?? any
  );
}

interface Domains {
  exact: Map<string, HostPlan>;
  /** `.example.com` for `*.example.com`; longest first. */
  suffixes: { suffix: string; host: HostPlan }[];
  any: HostPlan | undefined;
}

const domainsOf = new WeakMap<GatewayPlan, Map<string, Domains>>();

function domains(plan: GatewayPlan, listener: string): Domains {
  const ofPlan = domainsOf.get(plan) ?? new Map<string, Domains>();
  domainsOf.set(plan, ofPlan);
  const known = ofPlan.get(listener);
  if (known !== undefined) return known;
  const made: Domains = { exact: new Map(), suffixes: [], any: undefined };
  for (const host of plan.hosts.filter((one) => isOn(one, listener)))
    for (const domain of host.domains) {
      if (domain === "*") made.any = host;
      else if (domain.startsWith("*")) made.suffixes.push({ suffix: domain.slice(1), host });
      else made.exact.set(domain, host);
    }
  made.suffixes.sort((a, b) => b.suffix.length - a.suffix.length);
  ofPlan.set(listener, made);
  return made;
}

/** What follows the last colon is a port, unless the colon is inside the brackets of an IPv6 address. */
function hostWithoutPort(authority: string): string {
  const colon = authority.lastIndexOf(":");
  return colon < 0 || authority.lastIndexOf("]") > colon ? authority : authority.slice(0, colon);
}

/** The first part of a route's match that a request does not have; undefined if the route takes it. */
export function mismatch(route: RoutePlan, request: RoutedRequest): Mismatch | undefined {
  if (!matcherOf(route).path(request.path)) return { part: "path" };
  const { methods, headers, query = [] } = route.match;
  if (methods.length > 0 && !methods.includes(request.method)) return { part: "method", methods };
  for (const [index, header] of headers.entries()) {
    const sent = valuesOf(header.name, request);
    if (matcherOf(route).headers[index]?.(sent) !== true) return { part: "header", header, sent };
  }
  for (const [index, parameter] of query.entries()) {
    const sent = firstParameter(request.path, parameter.name);
    if (matcherOf(route).query[index]?.(sent) !== true) return { part: "query", parameter, sent };
  }
  return undefined;
}

/** Whether a request has all of some headers. */
export function hasHeaders(headers: readonly HeaderMatch[], request: RoutedRequest): boolean {
  return fitsHeaders(headers, (name) => valuesOf(name, request));
}

/** @param lines of a header by its name in lower case */
export function fitsHeaders(headers: readonly HeaderMatch[], lines: (name: string) => readonly string[]): boolean {
  return headers.every((header) => matcherOfHeader(header)(lines(header.name)));
}

/** As it was sent; Envoy 1.40 looks at no other of the name. */
function firstParameter(path: string, name: string): string | undefined {
  const question = path.indexOf("?");
  const pairs = question < 0 ? [] : path.slice(question + 1).split("&");
  const pair = pairs.find((one) => one.split("=", 1)[0] === name);
  return pair?.slice(name.length + 1);
}

/** `host` is another name of `:authority` to Envoy. */
function valuesOf(name: string, request: RoutedRequest): readonly string[] {
  if (name === ":authority" || name === "host") return [request.authority];
  if (name === ":path") return [request.path];
  return request.headers.get(name) ?? [];
}

interface Matcher {
  path(path: string): boolean;
  headers: ((sent: readonly string[]) => boolean)[];
  query: ((sent: string | undefined) => boolean)[];
}

const headerMatchers = new WeakMap<HeaderMatch, Matcher["headers"][number]>();

function matcherOfHeader(header: HeaderMatch): Matcher["headers"][number] {
  const made = headerMatchers.get(header) ?? headerMatcher(header);
  headerMatchers.set(header, made);
  return made;
}

const matchers = new WeakMap<RoutePlan, Matcher>();

function matcherOf(route: RoutePlan): Matcher {
  const known = matchers.get(route);
  if (known !== undefined) return known;
  const made = {
    path: pathMatcher(route.match.path),
    headers: route.match.headers.map(headerMatcher),
    query: (route.match.query ?? []).map(queryMatcher),
  };
  matchers.set(route, made);
  return made;
}

/** Paths are compared without the query, but for the prefix `/`, which every path has. */
function pathMatcher(pattern: PathPattern): (path: string) => boolean {
  switch (pattern.form) {
    case "exact":
      if (hasTwoSpellings(pattern.path)) return ofPath(fullMatch(spellingsRegex(pattern.path, false)));
      return ofPath((path) => path === pattern.path);
    case "prefix":
      if (pattern.path === "/") return (path) => path.startsWith("/");
      if (hasTwoSpellings(pattern.path)) return ofPath(fullMatch(spellingsRegex(pattern.path, true)));
      return ofPath((path) => path === pattern.path || path.startsWith(`${pattern.path}/`));
    case "template":
      return ofPath(fullMatch(templateRegex(pattern.segments, pattern.rest)));
    case "regex":
      return ofPath(fullMatch(pattern.regex));
  }
}

function ofPath(matches: (path: string) => boolean): (path: string) => boolean {
  return (path) => matches(pathOnly(path));
}

export function pathOnly(path: string): string {
  return path.replace(/[?#].*$/s, "");
}

/** One line of several is enough to Envoy 1.40; what it joins into one line is compared as a whole. */
function headerMatcher(match: HeaderMatch): (sent: readonly string[]) => boolean {
  switch (match.form) {
    case "exact":
      return (sent) => sent.includes(match.value);
    case "contains":
      return (sent) => sent.some((value) => value.includes(match.text));
    case "regex": {
      const matches = fullMatch(match.regex);
      return (sent) => sent.some(matches);
    }
    case "cookie": {
      const matches = fullMatch(cookieRegex(match.cookie, match.value));
      return (sent) => sent.some(matches);
    }
    case "unlike": {
      const matches = fullMatch(match.regex);
      return (sent) => sent.length > 0 && !sent.some(matches);
    }
    case "present":
      return (sent) => sent.length > 0 === match.present;
  }
}

function queryMatcher(match: QueryMatch): (sent: string | undefined) => boolean {
  if (match.form === "present") return (sent) => (sent !== undefined) === match.present;
  const matches = match.form === "exact" ? (sent: string) => sent === match.value : fullMatch(match.regex);
  return (sent) => sent !== undefined && matches(sent);
}

/** RE2 over the whole text. Envoy compiles for bytes, so both are given as bytes (compiler/envoy/re2.ts). */
function fullMatch(regex: string): (text: string) => boolean {
  const compiled = RE2JS.compile(wireOfText(regex));
  return (text) => compiled.matches(wireOfText(text));
}
