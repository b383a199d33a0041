// npm run translate:envoy-gateway: what Envoy Gateway makes of the golden files of the examples, for tests that serve it.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { shown } from "../../../dist/compiler/index.js";
import { translator, VERSION } from "./build.mjs";

/** Those that are good when they are false. */
const WARNINGS = ["Conflicted", "Overlap", "Overridden", "OverlappingTLSConfig", "RouteRulesOverlap", "Warning"];

const root = fileURLToPath(new URL("../../..", import.meta.url));
const folder = join(root, "test/targets/envoy-gateway");
const stored = join(folder, "translated");
const program = translator();
rmSync(stored, { recursive: true, force: true });
mkdirSync(stored);
const work = mkdtempSync(join(tmpdir(), "sluice-translated-"));
let failed = false;
for (const where of [join(root, "examples"), join(folder, "policies")])
  for (const name of readdirSync(where).toSorted()) {
    const file = await compiled(join(where, name, "policy.yaml"));
    if (file === undefined) continue;
    const output = translated(file);
    const bad = output.conditions.filter(({ good }) => !good);
    for (const { of, type, status, message } of bad) console.error(`${name}: ${of}: ${type} is ${status}: ${message}`);
    failed ||= bad.length > 0;
    writeFileSync(join(stored, `${name}.json`), `${JSON.stringify(output, undefined, 1)}\n`);
    console.log(`${name}: ${output.conditions.length} conditions, ${bad.length} of them bad`);
  }
rmSync(work, { recursive: true });
process.exit(failed ? 1 : 0);

/** The resources of a policy, in a file; undefined if there is none, or the target refuses it. */
async function compiled(policy) {
  if (!existsSync(policy)) return undefined;
  const { emission } = await shown(policy, "envoy-gateway");
  const written = emission?.artifacts.find(({ path }) => path === "envoy-gateway.yaml");
  if (written === undefined) return undefined;
  const file = join(work, written.path);
  writeFileSync(file, written.contents);
  return file;
}

function translated(resources) {
  const file = join(work, "resources.yaml");
  writeFileSync(file, `${readFileSync(resources, "utf8")}${given(resources)}`);
  const args = [join(root, "dist/modules"), "--from", "gateway-api", "--to", "gateway-api,xds"];
  const result = spawnSync(program, [...args, "-o", "json", "--add-missing-resources", "-f", file], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) throw new Error(`${file}: ${result.stderr}`);
  const { xds, ...rest } = JSON.parse(result.stdout);
  const configs = Object.values(xds).flatMap(({ configs }) => configs);
  const of = (kind) => configs.find((one) => one["@type"].endsWith(`.${kind}ConfigDump`)) ?? {};
  return {
    by: `Envoy Gateway ${VERSION}`,
    of: createHash("sha256").update(readFileSync(resources)).digest("hex"),
    conditions: conditionsOf(rest),
    listeners: (of("Listeners").dynamicListeners ?? [])
      .map(({ activeState }) => activeState.listener)
      .map(withoutDigests),
    routes: (of("Routes").dynamicRouteConfigs ?? []).map(({ routeConfig }) => routeConfig),
    clusters: (of("Clusters").dynamicActiveClusters ?? []).map(({ cluster }) => cluster),
    endpoints: (of("Endpoints").dynamicEndpointConfigs ?? []).map(({ endpointConfig }) => endpointConfig),
  };
}

/** What whoever applies the resources makes: here with a certificate for nobody. A Service is only given if it says more than its port. */
function given(resources) {
  const text = readFileSync(resources, "utf8");
  const [, namespace] = /\n {2}namespace: (\S+)/.exec(text);
  const named = (kind) =>
    new Set([...text.matchAll(new RegExp(`kind: ${kind}\n +name: (\\S+)`, "g"))].map(([, name]) => name));
  const resource = (kind, name, rest) =>
    `---\napiVersion: v1\nkind: ${kind}\nmetadata: { name: ${name}, namespace: ${namespace} }\n${rest}\n`;
  const certificate = join(work, "certificate.pem");
  const key = join(work, "key.pem");
  if (!existsSync(certificate)) makeCertificate(certificate, key);
  const [crt, secret] = [certificate, key].map((file) => readFileSync(file).toString("base64"));
  const pem = JSON.stringify(readFileSync(certificate, "utf8"));
  return [
    ...[...named("Secret")].map((name) =>
      resource("Secret", name, `type: kubernetes.io/tls\ndata: { tls.crt: ${crt}, tls.key: ${secret} }`),
    ),
    ...[...named("ConfigMap")].map((name) => resource("ConfigMap", name, `data: { ca.crt: ${pem} }`)),
    ...[...text.matchAll(/([a-z0-9-]+):(\d+) with appProtocol ([a-z0-9./]+)/g)].map(([, name, port, protocol]) =>
      resource("Service", name, `spec: { ports: [{ name: own, port: ${port}, appProtocol: ${protocol} }] }`),
    ),
  ].join("");
}

function makeCertificate(certificate, key) {
  const subject = ["-subj", "/CN=nobody.invalid", "-addext", "subjectAltName=DNS:nobody.invalid"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  spawnSync("openssl", ["req", "-x509", ...curve, ...subject, "-keyout", key, "-out", certificate]);
}

function conditionsOf(rest) {
  const found = [];
  const look = (value, of) => {
    if (Array.isArray(value)) for (const one of value) look(one, of);
    else if (typeof value === "object" && value !== null) {
      for (const { type, status, message } of value.conditions ?? [])
        found.push({ of, type, status, message, good: (status === "True") !== WARNINGS.includes(type) });
      for (const inner of Object.values(value)) look(inner, of);
    }
  };
  for (const one of Object.values(rest).flat())
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
