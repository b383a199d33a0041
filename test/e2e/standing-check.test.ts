import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { workFolder } from "../../compiler/cli/envoy.js";
import { packageRoot } from "../../compiler/cli/files.js";
import { check } from "../../compiler/index.js";
import type { GatewayPlan } from "../../compiler/plan/plan.js";
import { validateConfig } from "../../compiler/runtime/process.js";
import { DEFAULT_OPTIONS } from "../../compiler/targets/envoy/options.js";
import { allCases, allExamples, sourceFiles } from "../support/cases.js";
import { requireEnvoy } from "../support/envoy.js";
import { type Bootstrap, edited, guards } from "./support/edit.js";
import { bootstrapText, planOf, randomSecrets, serve, withLists, writeSideFiles } from "./support/serve.js";
import { standingFaults, withProbeRoute } from "./support/standing.js";

const policies = [
  ...allExamples().map(({ name, policyPath }) => ({ name: `examples/${name}`, policyPath })),
  ...allCases().flatMap(({ folder, policyPath, rejects }) => (rejects ? [] : [{ name: folder, policyPath }])),
];
const goldens = sourceFiles(/^examples\/[^/]+\/golden\/envoy\.yaml$/);

test("there are policies and golden files to look at", () => {
  expect(policies.length).toBeGreaterThan(5);
  expect(goldens.length).toBe(allExamples().length);
});

describe.concurrent("envoy --mode validate takes what is compiled", () => {
  test.each(policies)("$name", async ({ policyPath }) => {
    const plan = planOf(policyPath);
    expect(await validated({ configText: bootstrapText(plan, DEFAULT_OPTIONS) }, plan)).toEqual({ ok: true });
  });

  test.each(goldens)("%s", async (path) => {
    const plan = planOf(join(packageRoot(), path, "..", "..", "policy.yaml"));
    expect(await validated({ configPath: join(packageRoot(), path) }, plan)).toEqual({ ok: true });
  });
});

async function validated(config: { configText: string } | { configPath: string }, plan: GatewayPlan) {
  const work = await workFolder();
  const env = randomSecrets(plan);
  try {
    await writeSideFiles(plan, work.path);
    const checked =
      "configText" in config ? { configText: await withLists(config.configText, [plan], work.path) } : config;
    return await validateConfig({ envoy: await requireEnvoy(), workDir: work.path, env, ...checked });
  } finally {
    await work.remove();
  }
}

describe.concurrent("every listener denies what must be denied", () => {
  test.each(policies)("$name", async ({ policyPath }) => {
    const weakerFirst = check(policyPath).diagnostics.some(({ code }) => code === "SL0310");
    const gateway = await serve(policyPath, { edit: withProbeRoute, plain: true });
    try {
      const faults = await standingFaults(gateway);
      // What the compiler warned of is true: an overlapping route serves what another one would refuse.
      if (weakerFirst) expect(faults.some((fault) => fault.includes("a service got the request"))).toBe(true);
      else expect(faults).toEqual([]);
    } finally {
      await gateway.stop();
    }
  });
});

/** Ways to leave the door open that Envoy does not complain about. */
const openings: { name: string; open: (document: Bootstrap) => void; faults: RegExp[] }[] = [
  {
    name: "the callback is not among the capabilities",
    open: (document) => {
      for (const guard of guards(document))
        delete guard.vm_config.capability_restriction_config?.allowed_capabilities.proxy_on_request_headers;
    },
    faults: [
      /a route that the guard does not know: .*"status":200/,
      /asks for a credential: .*"status":200/,
      /a service got the request/,
    ],
  },
  {
    name: "a route runs no policy",
    open: (document) => {
      for (const guard of guards(document))
        guard.configuration.value = guard.configuration.value.replace(/"run":\["partners-only"[^\]]*\]/g, '"run":[]');
    },
    faults: [/asks for a credential: .*"status":200/, /a service got the request/],
  },
];

describe("the check sees an open door that --mode validate does not see:", () => {
  const policy = join(packageRoot(), "examples", "quickstart", "policy.yaml");
  test.each(openings)("$name", async ({ open, faults }) => {
    const edit = edited(open);
    const plan = planOf(policy);
    expect(await validated({ configText: edit(bootstrapText(plan, DEFAULT_OPTIONS)) }, plan)).toEqual({
      ok: true,
    });
    const gateway = await serve(policy, { edit: (text) => edit(withProbeRoute(text)) });
    try {
      const found = await standingFaults(gateway);
      for (const fault of faults) expect(found).toContainEqual(expect.stringMatching(fault));
    } finally {
      await gateway.stop();
    }
  });
});
