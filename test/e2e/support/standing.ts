import {
  BAD_CAPTURE,
  BAD_HOST,
  BAD_PATH,
  BAD_QUERY,
  generatedAnswer,
  METHOD_NOT_ALLOWED,
} from "../../../compiler/plan/names.js";
import { type GatewayPlan, isOn, type RoutePlan } from "../../../compiler/plan/plan.js";
import type { PathPattern } from "../../../compiler/policy/path.js";
import { NO_LABEL } from "../../../compiler/policy/rewrite.js";
import { request } from "../../support/http.js";
import { edited, putRouteFirst } from "./edit.js";
import type { Gateway } from "./serve.js";

const PROBE_PATH = "/.sluice-standing-check";

/**
 * Adds a route that Envoy would answer with 200 and that the guard has never heard of, so it must deny it. Nothing of
 * the guard itself is changed. (`OPTIONS *` would need no edit, but Envoy answers it with 404 before any filter.)
 */
export const withProbeRoute = edited((document) =>
  putRouteFirst(document, {
    name: "sluice:standing-check",
    match: { path: PROBE_PATH },
    direct_response: { status: 200 },
  }),
);

/**
 * What lets a request through that must be denied. `--mode validate` does not see an open door, so each compiled
 * listener is tried. The gateway must have been served with `withProbeRoute`.
 */
export async function standingFaults(gateway: Gateway): Promise<string[]> {
  const faults: string[] = [];
  for (const { name } of gateway.plan.listeners) {
    const hosts = gateway.plan.hosts.filter((host) => isOn(host, name));
    const tried = [probe(), ...routeProbes({ ...gateway.plan, hosts })];
    for (const { what, path, method, headers, expected } of tried) {
      gateway.forget();
      const { reply, decision } = await gateway.judged(() => request(gateway.url(path, name), { method, headers }));
      const got = { status: reply.status, decision: decision.decision, route: decision.route };
      const denied =
        got.status === expected.status && expected.decision.test(got.decision ?? "") && got.route === expected.route;
      if (!denied) faults.push(`listener ${name}, ${what}: ${JSON.stringify(got)}`);
      if (gateway.heard().length > 0) faults.push(`listener ${name}, ${what}: a service got the request`);
    }
  }
  return faults;
}

interface Probe {
  what: string;
  path: string;
  method: string;
  headers: Record<string, string>;
  expected: { status: number; decision: RegExp; route: string };
}

function probe(): Probe {
  return {
    what: "a route that the guard does not know",
    path: PROBE_PATH,
    method: "GET",
    headers: {},
    expected: { status: 403, decision: /^sluice denied unknown-route$/, route: "sluice:standing-check" },
  };
}

/** A request without a credential for each route that asks for one. */
export function routeProbes(plan: GatewayPlan): Probe[] {
  return plan.hosts.flatMap((host) =>
    host.routes.flatMap((route) => {
      const asking = plan.policies.find(
        (policy) =>
          policy.kind === "authenticate" &&
          policy.mode === undefined &&
          policy.when === undefined &&
          policy.config.optional === false &&
          route.run.some((applied) => applied.policy === policy.name),
      );
      if (asking === undefined) return [];
      const domain = host.domains[0] ?? "*";
      return [
        {
          what: `route ${route.name} of ${domain}, which asks for a credential`,
          path: `${samplePath(route)}${sampleQuery(route)}`,
          method: sampleMethod(route),
          headers: { ...sampleHost(route, domain), ...sampleHeaders(route) },
          expected: { status: 401, decision: new RegExp(`^${asking.name} denied no-credential$`), route: route.name },
        },
      ];
    }),
  );
}

/** No route of an example or a case takes the one that stands for all others. */
function sampleMethod(route: RoutePlan): string {
  if (generatedAnswer(route) === METHOD_NOT_ALLOWED) return "PROPFIND";
  return route.match.methods[0] ?? "GET";
}

/** A port that is none keeps to the virtual host of a name, and is refused there. */
function sampleHost(route: RoutePlan, domain: string): Record<string, string> {
  if (generatedAnswer(route) === BAD_HOST) return { host: `${domain.replace("*", "any")}:x` };
  return domain === "*" ? {} : { host: domain.replace("*", "any") };
}

function samplePath(route: RoutePlan): string {
  if (generatedAnswer(route) === BAD_PATH) return "/a/%2e%2e;x/sample";
  const { path } = route.match;
  if (generatedAnswer(route) === BAD_CAPTURE && path.form === "regex") return sampleCapture(path.regex);
  switch (path.form) {
    case "exact":
      return path.path;
    case "prefix":
      return path.path === "/" ? "/sample" : `${path.path}/sample`;
    case "template":
      return sampleSegments(path);
    case "regex":
      return sampleOfRegex(path.regex);
  }
}

/** The first of the alternatives, each of which has one capture that is no label. */
function sampleCapture(regex: string): string {
  const [first = ""] = regex.replaceAll(NO_LABEL, "a@b").replaceAll("[^/]+", "x").slice("(?:".length).split(/[|)]/);
  return first;
}

function sampleQuery(route: RoutePlan): string {
  if (generatedAnswer(route) === BAD_QUERY) return "?%61";
  const { query = [] } = route.match;
  const pairs = query.flatMap((parameter) => {
    if (parameter.form === "regex") return [`${parameter.name}=${sampleOfRegex(parameter.regex)}`];
    if (parameter.form === "exact") return [`${parameter.name}=${parameter.value}`];
    return parameter.present ? [parameter.name] : [];
  });
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

/** A path that an expression of plain parts takes; the check of it says so if the expression is not that plain. */
function sampleOfRegex(regex: string): string {
  const sample = regex
    .replace(/\.[*+]/g, "x")
    .replace(/\[0-9\][*+]?/g, "7")
    .replace(/\\(.)/g, "$1");
  if (new RegExp(`^(?:${regex})$`).test(sample)) return sample;
  throw new Error(`the standing check cannot think of a path for the expression ${regex}`);
}

function sampleSegments(path: Extract<PathPattern, { form: "template" }>): string {
  return path.segments.map((segment) => `/${"literal" in segment ? segment.literal : "sample"}`).join("");
}

function sampleHeaders(route: RoutePlan): Record<string, string> {
  return Object.fromEntries(
    route.match.headers.flatMap((header) => {
      const refuses = [BAD_PATH, BAD_HOST, BAD_QUERY].some((name) => name === generatedAnswer(route));
      if (refuses && header.name.startsWith(":")) return [];
      if (header.form === "regex" || header.form === "contains" || header.form === "unlike")
        throw new Error(`the standing check cannot think of a header for ${route.name}: ${JSON.stringify(header)}`);
      if (header.form === "exact") return [[header.name, header.value]];
      if (header.form === "cookie") return [[header.name, `${header.cookie}=${header.value ?? "sample"}`]];
      return header.present ? [[header.name, "sample"]] : [];
    }),
  );
}
