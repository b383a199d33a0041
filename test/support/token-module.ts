import { expect } from "vitest";
import { type CompiledModule, ModuleVm, type Outcome } from "./module-host.js";
import { configurationOf } from "./module-policies.js";
import { published, type SigningKey, secretKey, TOKEN_KEYS } from "./token-keys.js";

// A module that looks at tokens, and what it says of them.

const { rsa, ec, ec384 } = TOKEN_KEYS;
export const SECRET = "a secret of 64 bytes, which are as many as a tag of SHA-512 has!";
export const hmac = secretKey("HS256", SECRET, "TOKEN_SECRET");
export const hmac512 = secretKey("HS512", SECRET, "TOKEN_SECRET");

export const NOW = 1_800_000_000;
export const ISSUER = "https://id.example.com/";
export const GOOD = { iss: ISSUER, aud: "orders", sub: "alice", exp: NOW + 60 } as const;

const consumers = [
  { name: "acme", tier: "gold", groups: ["partners"], credentials: [{ jwt: { subject: "acme-app" } }] },
  { name: "globex", credentials: [{ jwt: { subject: "globex-app", issuer: ISSUER } }] },
  { name: "elsewhere", credentials: [{ jwt: { subject: "elsewhere-app", issuer: "https://other.example.com/" } }] },
  { name: "alice", credentials: [] },
];

export interface Setting {
  keys?: readonly SigningKey[];
  jwt?: Readonly<Record<string, unknown>>;
  more?: Readonly<Record<string, unknown>>;
  policies?: Parameters<typeof configurationOf>[0];
  document?: Readonly<Record<string, unknown>>;
}

export function configuration({ keys = [rsa, ec, ec384], jwt = {}, more = {}, policies = [], document = {} }: Setting) {
  const method = {
    jwt: {
      issuer: ISSUER,
      audiences: ["orders", "shop"],
      algorithms: [...new Set(keys.map(({ alg }) => alg))],
      keys: keys.map(published),
      ...jwt,
    },
  };
  const known = { name: "known", authenticate: { realm: "shop", anyOf: [method], ...more } };
  return configurationOf([known, ...policies], { consumers, ...document });
}

export const wallClock = { now: 0n };
export function openWith(module: CompiledModule, setting: Setting): ModuleVm {
  wallClock.now = BigInt(NOW) * 1_000_000_000n;
  const vm = new ModuleVm(module, { environment: { TOKEN_SECRET: SECRET }, wallClock });
  expect(vm.configure(configuration(setting)), vm.lastError).toBe(true);
  return vm;
}

export function send(vm: ModuleVm, token: string, headers: readonly (readonly [string, string])[] = []): Outcome {
  return vm.send({ route: "r", headers: [["authorization", `Bearer ${token}`], ...headers] });
}

export function decisionOf(vm: ModuleVm, token: string): string {
  return (send(vm, token).properties["sluice.decision"] ?? "").replace(/^known /, "");
}

export const ALLOWED = "allowed authenticated";
