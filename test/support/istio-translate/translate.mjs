// A file of resources through istiod into Envoy, and what Envoy has of it then.
import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { loadAll, dump as printYaml } from "js-yaml";
import { cacheDirectory } from "./tools.mjs";

const NAMESPACE = "default";
const WAIT_MS = 60_000;

/**
 * @returns the dump of Envoy's configuration as a text, and what of it stands for something else: numbers of ports, and the folder of modules
 * @throws Error if istiod does not take the file, or Envoy what istiod makes of it
 */
export async function translate(text, folder, tools, root) {
  const resources = loadAll(text);
  resources.push(...servicesOfCluster(resources));
  const ports = await freePorts(4 + resources.filter(({ kind }) => kind === "Gateway").length);
  const [xds, http, monitoring, admin, ...free] = ports;
  const replaced = new Map();
  const labels = placed(resources, free, replaced, join(root, "dist", "modules"));
  replaced.set(join(root, "dist", "modules"), "modules");
  const config = join(folder, "config");
  mkdirSync(config);
  writeFileSync(join(config, "istio.yaml"), resources.map((one) => printYaml(one, { lineWidth: -1 })).join("---\n"));
  // Nobody hands out the certificates of a mesh here.
  const mesh = { configSources: [{ address: `fs://${config}` }], enableAutoMtls: false };
  writeFileSync(join(folder, "mesh.yaml"), printYaml(mesh));
  writeFileSync(
    join(folder, "envoy.json"),
    JSON.stringify(bootstrap(labels, resources[0].metadata.namespace, { xds, admin })),
  );
  const istiod = begin(folder, "istiod", tools["pilot-discovery"], istiodArguments(folder, { xds, http, monitoring }), {
    ENABLE_CA_SERVER: "false",
    PILOT_CERT_PROVIDER: "none",
    POD_NAMESPACE: "istio-system",
    // Filters that only Istio's own Envoy has; none of them decides of a request.
    PILOT_ENABLE_ALPN_FILTER: "false",
    PILOT_ENABLE_METADATA_EXCHANGE: "false",
  });
  let envoy;
  try {
    // It has taken every resource.
    await until(istiod, async () => {
      const taken = JSON.parse((await answers(`http://127.0.0.1:${http}/debug/configz`)) || "[]");
      return resources.every(({ kind, metadata }) =>
        taken.some((one) => one.kind === kind && one.metadata.name === metadata.name),
      );
    });
    const variables = resources.flatMap(({ spec }) => [
      ...(spec.vmConfig?.env ?? []),
      ...(spec.wasm?.vmConfig?.env ?? []),
    ]);
    const environment = Object.fromEntries(
      variables.map(({ name }) => [name, `of-no-meaning-${name}-0123456789abcdef`]),
    );
    envoy = begin(
      folder,
      "envoy",
      envoyPath(),
      ["-c", join(folder, "envoy.json"), "--use-dynamic-base-id"],
      environment,
    );
    const gateways = resources.filter(({ kind }) => kind === "Gateway").length;
    let dump = "";
    await until(envoy, async () => {
      dump = (await answers(`http://127.0.0.1:${admin}/config_dump?include_eds`)) ?? "";
      return dump !== "" && isWhole(JSON.parse(dump), gateways);
    });
    return { dump, replaced };
  } finally {
    await end(envoy);
    await end(istiod);
  }
}

/** What Kubernetes would tell istiod of services that it has, which nobody is here to tell. */
function servicesOfCluster(resources) {
  const destinations = resources.flatMap(({ spec }) => (spec.http ?? []).flatMap(({ route = [] }) => route));
  const ports = new Map(destinations.map(({ destination: { host, port } }) => [host, port.number]));
  return [...ports].flatMap(([host, number]) =>
    host.endsWith(".svc.cluster.local")
      ? [
          {
            apiVersion: "networking.istio.io/v1",
            kind: "ServiceEntry",
            metadata: { name: host },
            spec: {
              hosts: [host],
              location: "MESH_INTERNAL",
              resolution: "STATIC",
              ports: [{ number, name: "http", protocol: "HTTP" }],
              endpoints: [{ address: "192.0.2.1" }],
            },
          },
        ]
      : [],
  );
}

/** Listeners get free ports, modules come from the disk, and all of it is in one namespace. */
function placed(resources, free, replaced, modules) {
  let labels = {};
  for (const one of resources) {
    one.metadata.namespace ??= NAMESPACE;
    if (one.kind === "Gateway") {
      labels = one.spec.selector;
      for (const server of one.spec.servers) {
        const port = free.shift();
        replaced.set(String(port), String(server.port.number));
        for (const patch of resources.flatMap(({ spec }) => spec.configPatches ?? []))
          if (patch.match.listener?.portNumber === server.port.number) patch.match.listener.portNumber = port;
        server.port.number = port;
      }
    }
    const wasm = one.kind === "WasmPlugin" ? one.spec : one.spec.wasm;
    if (wasm === undefined || one.metadata.name === undefined || wasm.url === undefined) continue;
    const [, name] = /([a-z-]+)(?:\.wasm)?(?:[:@][^/]*)?$/.exec(wasm.url) ?? [];
    wasm.url = `file://${modules}/${name}.wasm`;
    delete wasm.sha256;
  }
  return labels;
}

function istiodArguments(folder, { xds, http, monitoring }) {
  return [
    ...[
      "discovery",
      "--meshConfig",
      join(folder, "mesh.yaml"),
      "--registries=",
      "--profile=false",
      "--ctrlz_port",
      "0",
    ],
    ...[
      "--grpcAddr",
      `127.0.0.1:${xds}`,
      "--httpAddr",
      `127.0.0.1:${http}`,
      "--monitoringAddr",
      `127.0.0.1:${monitoring}`,
    ],
    ...["--secureGRPCAddr", "", "--httpsAddr", ""],
  ];
}

/** As the agent of Istio writes it, as far as the translation goes by it. */
function bootstrap(labels, namespace, { xds, admin }) {
  const ads = { ads: {}, initial_fetch_timeout: "0s", resource_api_version: "V3" };
  const address = (port) => ({ socket_address: { address: "127.0.0.1", port_value: port } });
  const grpc = (name, port) => ({
    name,
    type: "STATIC",
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }] },
  });
  return {
    node: {
      id: `router~127.0.0.1~gateway.${namespace}~${namespace}.svc.cluster.local`,
      cluster: `gateway.${namespace}`,
      metadata: {
        NAMESPACE: namespace,
        LABELS: labels,
        STATIC_LABELS: labels,
        ISTIO_VERSION: "1.31.0",
        CLUSTER_ID: "Kubernetes",
      },
    },
    admin: { address: address(admin) },
    layered_runtime: { layers: [{ name: "istio", static_layer: { "re2.max_program_size.error_level": 32768 } }] },
    dynamic_resources: {
      lds_config: ads,
      cds_config: ads,
      ads_config: {
        api_type: "GRPC",
        transport_api_version: "V3",
        grpc_services: [{ envoy_grpc: { cluster_name: "xds-grpc" } }],
      },
    },
    // Nobody hands out certificates here: a listener with TLS stays where it waits for one.
    static_resources: { clusters: [grpc("xds-grpc", xds), grpc("sds-grpc", xds)] },
  };
}

/** Every listener, with its routes and the module. */
function isWhole({ configs }, gateways) {
  const of = (type) => configs.find((one) => one["@type"].endsWith(`.${type}`)) ?? {};
  const listeners = of("ListenersConfigDump").dynamic_listeners ?? [];
  const refused = JSON.stringify(configs).match(/"error_state":\{.*?"details":"(.*?)"/);
  if (refused !== null) throw new Error(`Envoy refuses what istiod made: ${refused[1]}`);
  const states = listeners.filter((one) => one.active_state ?? one.warming_state);
  const routes = of("RoutesConfigDump").dynamic_route_configs ?? [];
  const wasm = of("EcdsConfigDump").ecds_filters ?? [];
  return states.length === gateways && routes.length > 0 && wasm.length > 0;
}

/** As `sluice` finds it, without what is on PATH. */
function envoyPath() {
  if (process.env.SLUICE_ENVOY) return process.env.SLUICE_ENVOY;
  const architecture = process.arch === "arm64" ? "aarch64" : "x86_64";
  return join(cacheDirectory(), "envoy", `1.40.0-${process.platform}-${architecture}`, "envoy");
}

function begin(folder, name, command, args, environment) {
  const log = join(folder, `${name}.log`);
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const file = createWriteStream(log);
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  return { name, log, child, ended };
}

async function until({ name, log, child }, condition) {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${name} ended:\n${tail(log)}`);
    if (await condition()) return;
    if (Date.now() > deadline) throw new Error(`${name} is not ready:\n${tail(log)}`);
    await delay(100);
  }
}

function tail(log) {
  return readFileSync(log, "utf8").split("\n").slice(-20).join("\n");
}

async function answers(url) {
  try {
    const response = await fetch(url);
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}

async function end(process) {
  if (process === undefined || process.child.exitCode !== null) return;
  process.child.kill("SIGKILL");
  await process.ended;
}

function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer());
  return Promise.all(
    servers.map(
      (server) => new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve)),
    ),
  ).then(async () => {
    const ports = servers.map((server) => server.address().port);
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    return ports;
  });
}
