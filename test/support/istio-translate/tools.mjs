// istiod and istioctl, built once into the cache from the Go module of Istio.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/** Of the day on which the target was made: 1.31 with the API 1.31.1. */
const VERSION = "v0.0.0-20260827124520-eed52ebb66ad";
const PACKAGES = { "pilot-discovery": "./pilot/cmd/pilot-discovery", istioctl: "./istioctl/cmd/istioctl" };

/** What of this istiod is not made for a run without Kubernetes. */
const PATCHES = [
  {
    // It would look for namespaces where it has no client, and end at once. It has none of them then.
    file: "pilot/pkg/serviceregistry/serviceentry/controller.go",
    from: "\t\ts.inputs.Namespaces = multiclusterController.ConfigCluster().Namespaces()\n",
    to: `\t\tif multiclusterController == nil {
\t\t\ts.inputs.Namespaces = krt.NewStaticCollection[*v1.Namespace](nil, nil, s.opts.WithName("inputs/Namespaces")...)
\t\t} else {
\t\t\ts.inputs.Namespaces = multiclusterController.ConfigCluster().Namespaces()
\t\t}
`,
  },
  {
    // Of a WasmPlugin it makes a TrafficExtension, but only of one that comes from Kubernetes.
    file: "pilot/pkg/bootstrap/configcontroller.go",
    from: '\t\t\ts.ConfigStores = append(s.ConfigStores, configController)\n\t\t\tlog.Infof("Started File configSource %s", configSource.Address)\n',
    to: `\t\t\ts.ConfigStores = append(s.ConfigStores, configController,
\t\t\t\textensions.NewController(configController, s.XDSServer, args.KrtDebugger))
\t\t\tlog.Infof("Started File configSource %s", configSource.Address)
`,
  },
];

/** @returns paths by name */
export function buildTools() {
  const cache = join(cacheDirectory(), "istio", VERSION.slice(1));
  const tools = Object.fromEntries(Object.keys(PACKAGES).map((name) => [name, join(cache, name)]));
  if (Object.values(tools).every((path) => existsSync(path))) return tools;
  console.log("building istiod and istioctl, which takes some minutes");
  const { Dir } = JSON.parse(go(tmpdir(), "mod", "download", "-json", `istio.io/istio@${VERSION}`));
  const source = mkdtempSync(join(tmpdir(), "sluice-istio-source-"));
  try {
    cpSync(Dir, source, { recursive: true });
    spawnSync("chmod", ["-R", "u+w", source]);
    for (const one of PATCHES) patch(source, one);
    mkdirSync(cache, { recursive: true });
    for (const [name, path] of Object.entries(PACKAGES)) {
      go(source, "build", "-trimpath", "-ldflags", "-s -w", "-o", `${tools[name]}.new`, path);
      renameSync(`${tools[name]}.new`, tools[name]);
    }
  } finally {
    rmSync(source, { recursive: true, force: true });
  }
  return tools;
}

function patch(source, { file, from, to }) {
  const path = join(source, file);
  const text = readFileSync(path, "utf8");
  if (!text.includes(from)) throw new Error(`${file} is not as it was`);
  writeFileSync(path, text.replace(from, to));
}

function go(cwd, ...args) {
  const { status, stdout, stderr, error } = spawnSync("go", args, { cwd, encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`go ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

export function cacheDirectory() {
  const { SLUICE_CACHE, XDG_CACHE_HOME, HOME } = process.env;
  if (SLUICE_CACHE) return SLUICE_CACHE;
  return XDG_CACHE_HOME ? join(XDG_CACHE_HOME, "sluice") : join(HOME || homedir(), ".cache", "sluice");
}
