import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "js-yaml";
import { z } from "zod";
import { moduleBytes } from "../../compiler/cli/files.js";
import { type RunningEnvoy, startEnvoy, type Validation, validateConfig } from "../../compiler/runtime/process.js";
import { requireEnvoy } from "./envoy.js";
import { startUpstream, type Upstream } from "./upstream.js";

// Envoy files that people write by hand, and that load modules without the compiler.

/** Neither `lib` nor `types` declares the engine; this is the part of it that is used here. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  readonly Module: {
    imports(module: object): { name: string }[];
    exports(module: object): { name: string }[];
  };
};

/** Where such files run: a working directory that holds `modules/`, and a service that stands for all of theirs. */
export interface Bench {
  upstream: Upstream;
  /** Two workers, unless told otherwise. */
  serve(configText: string, concurrency?: number): Promise<{ envoy: RunningEnvoy; url: string }>;
  /** What `--mode validate` says, with another environment if one is given. */
  validate(configText: string, env?: Readonly<Record<string, string>>): Promise<Validation>;
  /** The configuration, as YAML or as JSON, on free ports and before our service. */
  moved(configText: string): string;
  workDir: string;
  close(): Promise<void>;
}

/**
 * @param modules such as `auth.wasm`
 * @param others ports of other services, by the ports that the files have for them
 */
export async function openBench(
  modules: readonly string[],
  env: Readonly<Record<string, string>>,
  others: Readonly<Record<number, number>> = {},
): Promise<Bench> {
  const workDir = await mkdtemp(join(tmpdir(), "sluice-lone-"));
  await mkdir(join(workDir, "modules"));
  for (const name of modules) await writeFile(join(workDir, "modules", name), await moduleBytes(name));
  const upstream = await startUpstream();
  const moved = (text: string) =>
    text
      .replaceAll(/(port_value"?: ?)8080/g, (_, name: string) => `${name}0`)
      .replaceAll(/(port_value"?: ?)9001/g, (_, name: string) => `${name}${upstream.port}`)
      .replaceAll(/(port_value"?: ?)(\d+)/g, (whole, name: string, port: string) =>
        others[Number(port)] === undefined ? whole : `${name}${others[Number(port)]}`,
      );
  return {
    upstream,
    workDir,
    moved,
    async serve(configText, concurrency = 2) {
      const options = { envoy: await requireEnvoy(), workDir, env, concurrency };
      const envoy = await startEnvoy({ ...options, configText: moved(configText) });
      const [listener] = await envoy.listeners();
      if (listener === undefined) throw new Error("Envoy has no listener");
      return { envoy, url: `http://${listener.address}:${listener.port}` };
    },
    async validate(configText, other = env) {
      return validateConfig({ envoy: await requireEnvoy(), workDir, env: other, configText: moved(configText) });
    },
    async close() {
      await upstream.close();
      await rm(workDir, { recursive: true, force: true });
    },
  };
}

const whole = z.looseObject({
  static_resources: z.looseObject({ listeners: z.array(z.looseObject({})), clusters: z.unknown() }),
});

/** A configuration with its listeners in a file of their own, which Envoy watches; `put` writes those of another one there. */
export async function watchedListeners(
  { moved, workDir }: Bench,
  configText: string,
): Promise<{ text: string; put(text: string): Promise<void> }> {
  const lds = join(workDir, "lds");
  await mkdir(lds, { recursive: true });
  const { static_resources, ...rest } = whole.parse(load(moved(configText)));
  const put = async (text: string) => {
    const { listeners } = whole.parse(load(moved(text))).static_resources;
    const resources = listeners.map((one) => ({
      "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
      ...one,
    }));
    await writeFile(join(lds, "next.json"), JSON.stringify({ resources }));
    await rename(join(lds, "next.json"), join(lds, "listeners.json"));
  };
  await put(configText);
  const source = { path: join(lds, "listeners.json"), watched_directory: { path: lds } };
  const text = JSON.stringify({
    ...rest,
    node: { id: "lone", cluster: "lone" },
    static_resources: { clusters: static_resources.clusters },
    dynamic_resources: { lds_config: { path_config_source: source } },
  });
  return { text, put };
}

const plugin = z.object({ root_id: z.string(), configuration: z.object({ value: z.string() }).loose() }).loose();
export type Plugin = z.infer<typeof plugin>;

/** A configuration, as JSON, with every plugin of it changed. */
export function withPlugins(configText: string, change: (plugin: Plugin) => object): string {
  const changeIn = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(changeIn);
    if (typeof value !== "object" || value === null) return value;
    const found = plugin.safeParse(value);
    if (found.success) return change(found.data);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, changeIn(inner)]));
  };
  return JSON.stringify(changeIn(load(configText)));
}

/** A configuration with another text for the module of a root. */
export function withModuleText(configText: string, root: string, text: string): string {
  return withPlugins(configText, (one) =>
    one.root_id === root ? { ...one, configuration: { ...one.configuration, value: text } } : one,
  );
}

/**
 * A pluginConfig as Istio hands it to the module. The API server keeps YAML as JSON, istiod reads that into a
 * `google.protobuf.Struct`, in which every number is a double, and writes it as the JSON text of a `StringValue`: members
 * sorted, whole numbers without a fraction, and by some versions `&`, `<`, `>` as escapes.
 */
export function istioText(value: unknown): string {
  const sorted = (one: unknown): unknown => {
    if (Array.isArray(one)) return one.map(sorted);
    if (typeof one !== "object" || one === null) return one;
    return Object.fromEntries(
      Object.entries(one)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, inner]) => [key, sorted(inner)]),
    );
  };
  const escapes: Record<string, string> = { "&": "\\u0026", "<": "\\u003c", ">": "\\u003e" };
  return JSON.stringify(sorted(value)).replaceAll(/[&<>]/g, (character) => escapes[character] ?? character);
}

/** What a module imports, and the callbacks that it has: all that a list of capabilities can have of it. */
export async function capabilitiesOf(name: string): Promise<string[]> {
  const module = await WebAssembly.compile(await moduleBytes(name));
  const callbacks = WebAssembly.Module.exports(module).filter((one) => one.name.startsWith("proxy_on_"));
  return [...WebAssembly.Module.imports(module), ...callbacks].map((one) => one.name).toSorted();
}

const restricted = z.object({
  vm_config: z.object({
    capability_restriction_config: z.object({ allowed_capabilities: z.record(z.string(), z.unknown()) }),
  }),
});

/** The capabilities that a configuration lets the module of a root have. */
export function capabilitiesIn(configText: string, root: string): string[] {
  const lists: string[][] = [];
  withPlugins(configText, (one) => {
    const { vm_config } = restricted.parse(one);
    if (one.root_id === root)
      lists.push(Object.keys(vm_config.capability_restriction_config.allowed_capabilities).toSorted());
    return one;
  });
  return lists.flat();
}
