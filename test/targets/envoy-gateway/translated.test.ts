import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { workFolder } from "../../../compiler/cli/envoy.js";
import { moduleBytes, packageRoot } from "../../../compiler/cli/files.js";
import { loadTestFile, shown } from "../../../compiler/index.js";
import { Cluster } from "../../../compiler/targets/envoy-gateway/context.js";
import { clusterConfiguration, readByLogs } from "../../../compiler/targets/envoy-gateway/guard.js";
import { allRules, envoyNames } from "../../../compiler/targets/envoy-gateway/rules.js";
import { type CaseResult, SuiteRunner } from "../../../compiler/testing/run.js";
import { requireEnvoy } from "../../support/envoy.js";
import { handedOn, readTranslated, servedInstead } from "../../support/envoy-gateway/stored.js";

// What Envoy Gateway makes of the resources, served by a real Envoy under the tests of the policy. Envoy Gateway itself is in
// another language, so what it made is stored, with the digest of what it was made of: `npm run translate:envoy-gateway`.

const tables = z.object({
  virtualHosts: z.array(
    z.object({
      routes: z.array(
        z.object({ name: z.string(), typedPerFilterConfig: z.record(z.string(), z.unknown()).default({}) }),
      ),
    }),
  ),
});

const RBAC = "envoy.filters.http.rbac";
const CORS = "envoy.filters.http.cors";

const root = packageRoot();
const stored = readdirSync(join(root, "test/targets/envoy-gateway/translated")).map((name) =>
  name.replace(/\.json$/, ""),
);
const policies = [join(root, "examples"), join(root, "test/targets/envoy-gateway/policies")].flatMap((where) =>
  readdirSync(where)
    .filter((name) => existsSync(join(where, name, "policy.yaml")))
    .map((name): [string, string] => [name, join(where, name)]),
);

it.each(policies)("%s was translated if it is not refused, and as it is compiled today", async (name, folder) => {
  const { emission } = await shown(join(folder, "policy.yaml"), "envoy-gateway");
  expect(stored.includes(name)).toBe(emission !== undefined);
  if (emission === undefined) return;
  const text = emission.artifacts.find(({ path }) => path === "envoy-gateway.yaml")?.contents ?? "";
  const digest = createHash("sha256").update(text).digest("hex");
  expect(readTranslated(name).of, "run `npm run translate:envoy-gateway`").toBe(digest);
});

describe.each(policies.filter(([name]) => stored.includes(name)))("%s", (name, folder) => {
  let runner: SuiteRunner;
  let work: Awaited<ReturnType<typeof workFolder>>;
  beforeAll(async () => {
    runner = new SuiteRunner({ guard: await moduleBytes("guard.wasm") });
    work = await workFolder();
  });
  afterAll(() => work.remove());

  it("is taken by Envoy Gateway without a word", () => {
    const { conditions } = readTranslated(name);
    expect(conditions.filter(({ good }) => !good)).toEqual([]);
    const accepted = conditions.filter(({ type, status }) => type === "Accepted" && status === "True");
    for (const kind of ["GatewayClass", "Gateway", "HTTPRoute", "EnvoyExtensionPolicy", "ClientTrafficPolicy"])
      expect(
        accepted.some(({ of }) => of.startsWith(`${kind}/`)),
        kind,
      ).toBe(true);
  });

  it("has the guard on every route, and one guard for all of them", () => {
    const entries = readTranslated(name).routes.flatMap((table) =>
      tables.parse(table).virtualHosts.flatMap(({ routes }) => routes),
    );
    expect(entries.length).toBeGreaterThan(0);
    const guards = entries.map(({ typedPerFilterConfig }) =>
      Object.keys(typedPerFilterConfig).filter((filter) => filter.startsWith("envoy.filters.http.wasm/")),
    );
    expect(new Set(guards.map((all) => all.join())).size).toBe(1);
    expect(guards[0]).toHaveLength(1);
  });

  it("asks on each route for what its policies want and for nothing else, and for addresses before all else", () => {
    const { plan } = testsOf(folder);
    const cluster = new Cluster(plan);
    const wanted = new Map(
      allRules(cluster).flatMap((rule) => {
        const run = cluster.runOf(rule.entry).map(({ native }) => native?.filter);
        const isForService = rule.entry.action.type === "forward";
        const filters = [
          ...(run.includes("rbac") ? [RBAC] : []),
          ...(run.includes("cors") && isForService ? [CORS] : []),
        ];
        return envoyNames(cluster, rule).map((route) => [route, filters] as const);
      }),
    );
    const { listeners, routes } = readTranslated(name);
    const made = new Map(
      routes
        .flatMap((table) => tables.parse(table).virtualHosts.flatMap((host) => host.routes))
        .map((route) => [route.name, [RBAC, CORS].filter((filter) => filter in route.typedPerFilterConfig)] as const),
    );
    for (const [route, filters] of made) expect(filters, route).toEqual(wanted.get(route) ?? []);
    expect([...wanted.keys()].filter((route) => !made.has(route))).toEqual([]);
    const text = JSON.stringify(listeners);
    const chains = plan.policies.some(({ native }) => native?.filter === "rbac") ? plan.listeners.length : 0;
    expect(text.split(`"name":"${RBAC}"`).length - 1).toBe(chains);
    expect(text.split(`"httpFilters":[{"name":"${RBAC}"`).length - 1).toBe(chains);
  });

  it("passes the tests of its policy on Envoy", async () => {
    const { plan, suite } = testsOf(folder);
    const translated = readTranslated(name);
    // The guard is configured as the resources say; tests have keys of their own.
    const text = handedOn(clusterConfiguration(new Cluster(plan), readByLogs(plan)));
    expect(JSON.stringify(translated.listeners)).toContain(JSON.stringify(text));
    const place = { envoy: await requireEnvoy(), folder: work.path, instead: servedInstead(translated, plan) };
    const results = await runner.run(suite, plan, { envoy: { place, compare: true, now: Date.now() } });
    expect(failuresOf(results)).toEqual([]);
    const onEnvoy = results.filter(({ engines }) => engines.includes("envoy"));
    expect(onEnvoy.length).toBeGreaterThan(results.length / 3);
  });
});

function testsOf(folder: string) {
  const tests = loadTestFile(join(folder, "policy.test.yaml"))?.ready;
  if (tests === undefined) throw new Error("there are no tests");
  return tests;
}

/** Cases that failed, with what was otherwise and what became of the request. */
function failuresOf(results: readonly CaseResult[]): unknown[] {
  return results.flatMap(({ name, failure }) =>
    failure === undefined
      ? []
      : [
          {
            name,
            on: failure.on,
            differences: failure.differences.map(({ what, expected, actual }) => ({ what, expected, actual })),
            trace: failure.trace,
          },
        ],
  );
}
