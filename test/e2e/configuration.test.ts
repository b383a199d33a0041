import { describe, expect, test } from "vitest";
import { workFolder } from "../../compiler/cli/envoy.js";
import { startEnvoy, validateConfig } from "../../compiler/runtime/process.js";
import { DEFAULT_OPTIONS } from "../../compiler/targets/envoy/options.js";
import { requireEnvoy } from "../support/envoy.js";
import { request } from "../support/http.js";
import { type Bootstrap, edited, guards, printBootstrap, readBootstrap } from "./support/edit.js";
import { bootstrapText, localOptions, planOf, WORKER_COUNTS } from "./support/serve.js";

/** A gateway that knows one consumer, with a limit of its own for the route that both have. */
function shop(listener: string, consumer: string, rate: string): string {
  return `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  ${listener}: { address: 127.0.0.1:8080 }
consumers:
  ${consumer}: { credentials: [{ apiKey: env:${consumer.toUpperCase()}_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  few: { rateLimit: { key: [auth.consumer], rate: ${rate} } }
routes:
  - { name: orders, match: { path: /orders }, respond: { status: 200 }, apply: [known] }
  - { name: ${listener}-only, match: { path: /${listener}-only }, respond: { status: 200 }, apply: [known] }
  - { name: counted, match: { path: /counted }, respond: { status: 200 }, apply: [known, few] }
`;
}

const ENV = { ACME_KEY: "acme-key-1", GLOBEX_KEY: "globex-key-1" };

/** Both gateways in one Envoy: two listeners with the same module, each with its own configuration. */
function merged(): Bootstrap {
  const read = (policy: string) =>
    readBootstrap(bootstrapText(planOf(policy), localOptions(planOf(policy), new Map(), "/dev/null")));
  const inner = read(shop("inner", "acme", "2/hour"));
  const outer = read(shop("outer", "globex", "3/hour"));
  return {
    ...inner,
    static_resources: {
      listeners: [...inner.static_resources.listeners, ...outer.static_resources.listeners],
      clusters: [],
    },
  };
}

async function withEnvoy(
  document: Bootstrap,
  concurrency: number,
  use: (
    ask: (listener: string, path: string, key: string) => Promise<number>,
    vms: () => Promise<number>,
  ) => Promise<void>,
): Promise<void> {
  const work = await workFolder();
  try {
    const envoy = await startEnvoy({
      envoy: await requireEnvoy(),
      workDir: work.path,
      configText: printBootstrap(document),
      env: ENV,
      concurrency,
    });
    try {
      const ports = new Map((await envoy.listeners()).map((listener) => [listener.name, listener.port]));
      const ask = async (listener: string, path: string, key: string) =>
        (await request(`http://127.0.0.1:${ports.get(listener)}${path}`, { headers: { "x-api-key": key } })).status;
      const vms = async () =>
        (await envoy.admin.stats("^wasm\\.envoy\\.wasm\\.runtime\\.v8\\.active$")).get(
          "wasm.envoy.wasm.runtime.v8.active",
        ) ?? 0;
      await use(ask, vms);
    } finally {
      await envoy.stop();
    }
  } finally {
    await work.remove();
  }
}

describe.each([
  { how: "as they were compiled", edit: (document: Bootstrap) => document, sharesVm: false },
  {
    how: "written by hand, so that they share a VM and the module has to tell its roots apart",
    edit: (document: Bootstrap) => {
      for (const { vm_config } of guards(document)) {
        vm_config.vm_id = "by-hand";
        if (vm_config.configuration !== undefined) vm_config.configuration.value = "the same";
        vm_config.environment_variables = { host_env_keys: Object.keys(ENV) };
        delete vm_config.capability_restriction_config;
      }
      return document;
    },
    sharesVm: true,
  },
])("two configurations of one module in one Envoy, $how,", ({ edit, sharesVm }) => {
  test.each(WORKER_COUNTS)("know their own consumers, routes and limits, with %i workers", async (concurrency) => {
    await withEnvoy(edit(merged()), concurrency, async (ask, vms) => {
      // Each has one VM a worker, one on the main thread, and the one that they are made from.
      expect(await vms()).toBe((sharesVm ? 1 : 2) * (concurrency + 2));
      for (let round = 0; round < 5; round++) {
        expect(await ask("inner", "/orders", ENV.ACME_KEY)).toBe(200);
        expect(await ask("outer", "/orders", ENV.ACME_KEY)).toBe(401);
        expect(await ask("inner", "/orders", ENV.GLOBEX_KEY)).toBe(401);
        expect(await ask("outer", "/orders", ENV.GLOBEX_KEY)).toBe(200);
        expect(await ask("inner", "/inner-only", ENV.ACME_KEY)).toBe(200);
        expect(await ask("outer", "/outer-only", ENV.GLOBEX_KEY)).toBe(200);
        expect(await ask("outer", "/inner-only", ENV.GLOBEX_KEY)).toBe(404);
      }
      const statuses: number[] = [];
      for (let n = 0; n < 3; n++) statuses.push(await ask("inner", "/counted", ENV.ACME_KEY));
      for (let n = 0; n < 4; n++) statuses.push(await ask("outer", "/counted", ENV.GLOBEX_KEY));
      expect(statuses).toEqual([200, 200, 429, 200, 200, 200, 429]);
    });
  });
});

describe("a configuration that the module cannot use is refused, with the place:", () => {
  const policy = shop("inner", "acme", "2/hour");
  const wrongs: [name: string, from: string, to: string, says: string][] = [
    ["a number out of range", '"count":2,', '"count":0,', "policies[1].rateLimit.default.count"],
    [
      "a member that it does not know",
      '"optional":false',
      '"optional":false,"optionl":true',
      "policies[0].authenticate.optionl",
    ],
    ["a member twice", '"version":1,', '"version":1,"version":1,', "not strict JSON, at byte 14"],
    ["another version", '"version":1,', '"version":2,', "version"],
    ["a policy that is not there", '["known","few"]', '["known","fev"]', "routes[0].run[1]"],
    ["a limit before it is known who calls", '["known","few"]', '["few","known"]', "routes[0].run[0]"],
    ["a key that is no reference", '"env:ACME_KEY"', '"acme-key-1"', "consumers[0].credentials[0].apiKey"],
    ["a condition of another kind", '"optional":false', '"optional":"no"', "policies[0].authenticate.optional"],
    ["text that is not JSON", '"version":1,', '"version":1', "not strict JSON, at byte 12"],
    ["nothing", "", "", "there is no configuration"],
  ];
  test.each(wrongs)("%s", async (_, from, to, says) => {
    const text = edited((document) => {
      for (const guard of guards(document)) {
        const changed = from === "" ? "" : guard.configuration.value.replace(from, to);
        expect(changed).not.toBe(guard.configuration.value);
        guard.configuration.value = changed;
      }
    })(bootstrapText(planOf(policy), DEFAULT_OPTIONS));
    const verdict = await validated(text, ENV);
    expect(verdict.ok).toBe(false);
    if (!verdict.ok) {
      expect(verdict.findings[0]).toMatch(/^guard sluice\.shop: sluice: /);
      expect(verdict.findings[0]).toContain(says);
      expect(verdict.log).not.toContain(ENV.ACME_KEY);
    }
  });

  test.each([
    ["a variable that is not set", {}, "the environment variable is not set"],
    ["a variable that is empty", { ACME_KEY: "" }, "the environment variable is empty"],
    ["a variable with a comma", { ACME_KEY: "s3cr3t,key" }, "visible ASCII without comma"],
    ["a variable with a space", { ACME_KEY: "s3cr3t key" }, "visible ASCII without comma"],
  ])("%s", async (_, env, says) => {
    const verdict = await validated(bootstrapText(planOf(policy), DEFAULT_OPTIONS), env);
    expect(verdict.ok).toBe(false);
    if (!verdict.ok) {
      expect(verdict.findings[0]).toContain("consumers[0].credentials[0].apiKey");
      expect(verdict.findings[0]).toContain(says);
      expect(verdict.findings[0]).toContain("env:ACME_KEY");
      expect(verdict.log).not.toContain("s3cr3t");
    }
  });

  test("two variables with the same key, which would be two callers", async () => {
    const two = policy.replace("  acme:", "  globex: { credentials: [{ apiKey: env:GLOBEX_KEY }] }\n  acme:");
    const verdict = await validated(bootstrapText(planOf(two), DEFAULT_OPTIONS), {
      ACME_KEY: "the-same",
      GLOBEX_KEY: "the-same",
    });
    expect(verdict.ok).toBe(false);
    if (!verdict.ok) {
      expect(verdict.findings[0]).toContain("consumers[1].credentials[0].apiKey: is a key that a consumer already has");
      expect(verdict.log).not.toContain("the-same");
    }
  });

  async function validated(configText: string, env: Record<string, string>) {
    const work = await workFolder();
    try {
      return await validateConfig({ envoy: await requireEnvoy(), workDir: work.path, configText, env });
    } finally {
      await work.remove();
    }
  }
});
