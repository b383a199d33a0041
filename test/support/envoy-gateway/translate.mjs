// npm run translate:envoy-gateway: what Envoy Gateway makes of the golden files of the examples, for tests that serve it.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { translator, VERSION } from "./build.mjs";

/** Those that are good when they are false. */
const WARNINGS = ["Conflicted", "Overlap", "Overridden", "OverlappingTLSConfig", "RouteRulesOverlap", "Warning"];

const root = fileURLToPath(new URL("../../..", import.meta.url));
const stored = join(root, "test/targets/envoy-gateway/translated");
const program = translator();
mkdirSync(stored, { recursive: true });
let failed = false;
for (const name of readdirSync(join(root, "examples")).toSorted()) {
  const file = join(root, "examples", name, "golden/envoy-gateway.yaml");
  const to = join(stored, `${name}.json`);
  if (!existsSync(file)) {
    rmSync(to, { force: true });
    continue;
  }
  const output = translated(file);
  const bad = output.conditions.filter(({ good }) => !good);
  for (const { of, type, status, message } of bad) console.error(`${name}: ${of}: ${type} is ${status}: ${message}`);
  failed ||= bad.length > 0;
  writeFileSync(to, `${JSON.stringify(output, undefined, 1)}\n`);
  console.log(`${name}: ${output.conditions.length} conditions, ${bad.length} of them bad`);
}
process.exit(failed ? 1 : 0);

function translated(file) {
  const args = [join(root, "dist/modules"), "--from", "gateway-api", "--to", "gateway-api,xds"];
  const result = spawnSync(program, [...args, "-o", "json", "--add-missing-resources", "-f", file], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) throw new Error(`${file}: ${result.stderr}`);
  const { xds, ...resources } = JSON.parse(result.stdout);
  const configs = Object.values(xds).flatMap(({ configs }) => configs);
  const of = (kind) => configs.find((one) => one["@type"].endsWith(`.${kind}ConfigDump`)) ?? {};
  return {
    by: `Envoy Gateway ${VERSION}`,
    of: createHash("sha256").update(readFileSync(file)).digest("hex"),
    conditions: conditionsOf(resources),
    listeners: (of("Listeners").dynamicListeners ?? [])
      .map(({ activeState }) => activeState.listener)
      .map(withoutDigests),
    routes: (of("Routes").dynamicRouteConfigs ?? []).map(({ routeConfig }) => routeConfig),
    clusters: (of("Clusters").dynamicActiveClusters ?? []).map(({ cluster }) => cluster),
    endpoints: (of("Endpoints").dynamicEndpointConfigs ?? []).map(({ endpointConfig }) => endpointConfig),
  };
}

function conditionsOf(resources) {
  const found = [];
  const look = (value, of) => {
    if (Array.isArray(value)) for (const one of value) look(one, of);
    else if (typeof value === "object" && value !== null) {
      for (const { type, status, message } of value.conditions ?? [])
        found.push({ of, type, status, message, good: (status === "True") !== WARNINGS.includes(type) });
      for (const inner of Object.values(value)) look(inner, of);
    }
  };
  for (const one of Object.values(resources).flat())
    if (one?.status !== undefined) look(one.status, `${one.kind}/${one.metadata.name}`);
  const unique = new Map(found.map((one) => [JSON.stringify(one), one]));
  return [...unique.values()];
}

/** The bytes of modules are looked at elsewhere. */
function withoutDigests(value) {
  if (Array.isArray(value)) return value.map(withoutDigests);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, key === "sha256" ? "0".repeat(64) : withoutDigests(inner)]),
  );
}
