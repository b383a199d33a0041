import { randomBytes } from "node:crypto";
import { join, relative } from "node:path";
import { check } from "../../index.js";
import { environmentVariables } from "../../plan/guard.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { EnvoyStartError } from "../../runtime/process.js";
import { echoServer } from "../demo/echo-server.js";
import { type DemoGateway, demoEmbedded, demoInEnvoy } from "../demo/gateway.js";
import { tour } from "../demo/tour.js";
import { interrupted, obtainEnvoy } from "../envoy.js";
import { EnvironmentError, EXIT } from "../exit.js";
import { packageRoot } from "../files.js";
import { printFindings } from "../print.js";
import { EMBEDDED_NOTICE } from "../run/embedded.js";

export interface DemoOptions {
  once?: boolean;
}

/**
 * `sluice demo`: the quickstart policy in a real Envoy before two real servers, a tour of it, then for playing. Where no
 * Envoy can be had, the embedded host stands in for it.
 */
export async function demoCommand(options: DemoOptions): Promise<number> {
  const path = join(packageRoot(), "examples", "quickstart", "policy.yaml");
  const { plan, diagnostics } = check(path);
  printFindings(diagnostics, "text");
  if (plan === undefined) return EXIT.findings;
  const search = await obtainEnvoy();
  if (!search.ok) process.stderr.write(withoutEnvoy(search.problem));
  const ended = interrupted();
  const servers = await Promise.all(plan.services.map((service) => echoServer(service.name)));
  try {
    const keys = demoKeys(plan);
    const parts = { plan, servers, keys };
    const gateway = await (search.ok ? demoInEnvoy(parts, search.envoy) : demoEmbedded(parts));
    try {
      process.stdout.write(`${relative(process.cwd(), path)} in ${gateway.engine}\n\n`);
      const sound = await tour({ url: gateway.url, keys, logged: gateway.logged });
      if (options.once === true) return sound ? EXIT.ok : EXIT.findings;
      process.stdout.write(invitation(gateway, keys));
      await Promise.race([ended, gateway.exited]);
      return EXIT.ok;
    } finally {
      await gateway.stop();
    }
  } catch (error) {
    throw error instanceof EnvoyStartError ? new EnvironmentError(error.message) : error;
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

function withoutEnvoy({ message, fix }: { message: string; fix: string }): string {
  return `sluice: ${message}\n  fix: ${fix}\nsluice: going on without Envoy; ${EMBEDDED_NOTICE}\n`;
}

/** A fresh key for each `env:` reference, so that none is known before the demo runs. */
function demoKeys(plan: GatewayPlan): Record<string, string> {
  const keys = environmentVariables(plan).map((name) => [
    name,
    `${name.toLowerCase().replace(/_key$/, "")}-${randomBytes(6).toString("hex")}`,
  ]);
  return Object.fromEntries(keys);
}

function invitation({ url, adminUrl }: DemoGateway, keys: Record<string, string>): string {
  const lines = [
    `curl -i ${url}/healthz`,
    `curl -i ${url}/orders/7`,
    ...Object.values(keys).flatMap((key) => [
      `curl -i -H 'x-api-key: ${key}' ${url}/orders/7`,
      `curl -i -H 'x-api-key: ${key}' ${url}/reports/q3`,
    ]),
    ...(adminUrl === undefined ? [] : [`curl -s '${adminUrl}/stats?filter=sluice'`]),
  ];
  const admin = adminUrl === undefined ? "" : `admin: ${adminUrl}\n`;
  return `\nTry it:\n${lines.map((line) => `  ${line}\n`).join("")}\n${admin}Ctrl-C ends\n`;
}
