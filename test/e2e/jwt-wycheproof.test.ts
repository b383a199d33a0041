import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { request } from "../support/http.js";
import { type CompiledModule, loadModule, ModuleVm } from "../support/module-host.js";
import { configurationOf } from "../support/module-policies.js";
import { published, TOKEN_KEYS } from "../support/token-keys.js";
import {
  deviationsOf,
  isAfterSignature,
  TOKEN_FILES,
  type TokenGroup,
  tokenGroups,
} from "../support/wycheproof-tokens.js";
import { edited, guards } from "./support/edit.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

// Tokens and keys of Wycheproof through the guard in a real Envoy, whose BoringSSL verifies. A group of tokens has a route of its own, with its keys.

/** Those whose keys the module takes: it refuses to start with others, and so does Envoy. */
function taken(module: CompiledModule, groups: readonly TokenGroup[]): TokenGroup[] {
  return groups.filter(({ jwt, environment }) => {
    const known = { name: "known", authenticate: { realm: "a", anyOf: [{ jwt }] } };
    return new ModuleVm(module, { environment }).configure(configurationOf([known], { consumers: [] }));
  });
}

const POLICY = (count: number) => `apiVersion: sluice/v1
kind: Gateway
name: wycheproof
listeners: { public: { address: 127.0.0.1:8080, decisionHeader: true } }
services: { echo: { endpoints: [127.0.0.1:9001] } }
policies:
${Array.from(
  { length: count },
  (_, index) =>
    `  g${index}: { authenticate: { anyOf: [{ jwt: { issuer: joe, audiences: [a], jwks: ${JSON.stringify({ keys: [published(TOKEN_KEYS.rsa)] })} } }] } }`,
).join("\n")}
routes:
${Array.from({ length: count }, (_, index) => `  - { name: r${index}, match: { path: /g${index} }, to: echo, apply: [g${index}] }`).join("\n")}
  - { name: open, match: { path: /open }, to: echo }
`;

/** The keys of each group in the place of those that the file has: the compiler takes no weak ones, and no secrets in files. */
function withKeys(groups: readonly TokenGroup[]): (text: string) => string {
  return edited((document) => {
    for (const { configuration, vm_config: vm } of guards(document)) {
      const guard = JSON.parse(configuration.value);
      for (const [index, { jwt }] of groups.entries()) {
        const policy = guard.policies.find(({ name }: { name: string }) => name === `g${index}`);
        policy.authenticate.anyOf = [{ jwt }];
      }
      configuration.value = JSON.stringify(guard);
      vm.environment_variables = { host_env_keys: groups.flatMap(({ environment }) => Object.keys(environment)) };
    }
  });
}

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  describe.each(TOKEN_FILES)("$file", (file) => {
    let groups: TokenGroup[] = [];
    let gateway: Gateway | undefined;
    let oracle: StandingOracle | undefined;
    beforeAll(async () => {
      groups = taken(await loadModule("guard"), tokenGroups(file));
      if (groups.length === 0) return;
      const env = Object.assign({}, ...groups.map(({ environment }) => environment));
      gateway = await serve(POLICY(groups.length), { concurrency, env, edit: withKeys(groups) });
      oracle = await standingOracle(gateway.envoy);
    });
    afterAll(async () => gateway?.stop());

    it("is found signed as it says, but for what is written down, and nothing gets in", async () => {
      const wrong: string[] = [];
      let signed = 0;
      for (const [index, { tests }] of groups.entries())
        for (const { id, token, valid } of tests) {
          if (gateway === undefined) throw new Error("there is a gateway");
          const reply = await gateway.raw({ target: `/g${index}`, headers: [["authorization", `Bearer ${token}`]] });
          expect([400, 401], id).toContain(reply.status);
          const decision = reply.values("x-sluice-decision")[0] ?? "";
          const isSigned = reply.status === 401 && isAfterSignature(decision);
          if (isSigned) signed++;
          if (isSigned !== valid) wrong.push(id);
        }
      // Groups whose keys are not taken have no valid tokens, but for those that are written down.
      const missing = tokenGroups(file).flatMap(({ tests }) => tests.filter(({ valid }) => valid).map(({ id }) => id));
      const seen = new Set(groups.flatMap(({ tests }) => tests.map(({ id }) => id)));
      expect([...wrong, ...missing.filter((id) => !seen.has(id))].toSorted()).toEqual(deviationsOf(file).toSorted());
      expect(signed).toBeGreaterThanOrEqual(file.least);
      expect(gateway?.heard() ?? []).toEqual([]);
      await oracle?.check({
        goodRequest: (agent) => request(gateway?.url("/open") ?? "", { agent }),
        secrets: groups.flatMap(({ environment }) => Object.values(environment)).filter((secret) => secret.length > 16),
      });
    });
  });
});
