import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { packageRoot } from "../../compiler/cli/files.js";
import { compile } from "../../compiler/index.js";
import { moduleNames } from "../../compiler/wasm/contracts.js";
import { verifyModule } from "../../compiler/wasm/verify.js";
import { allExamples } from "../support/cases.js";

const root = packageRoot();
const built = join(root, "dist/modules");
const run = promisify(execFile);

const temporary: string[] = [];
afterAll(() => {
  for (const folder of temporary) rmSync(folder, { recursive: true });
});

/** Copies what modules are made of into a folder of that name, at a place that no other copy has. */
function copyOf(from: string, name: string): string {
  const parent = mkdtempSync(join(tmpdir(), "sluice-modules-"));
  temporary.push(parent);
  const copy = join(parent, name);
  mkdirSync(copy);
  for (const part of ["filters", "scripts", "asconfig.json", "package.json", "package-lock.json", "dist/compiler"])
    cpSync(join(from, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

async function build(folder: string): Promise<Map<string, string>> {
  await run(process.execPath, [join(folder, "scripts/build-modules.mjs"), "--force"], { cwd: folder });
  return digestsOf(join(folder, "dist/modules"));
}

/** sha256 of each module in a folder, and of its bill of materials. */
function digestsOf(folder: string): Map<string, string> {
  const names = readdirSync(folder)
    .filter((name) => /\.(wasm|cdx\.json)$/.test(name))
    .toSorted();
  return new Map(
    names.map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex"),
    ]),
  );
}

/** All modules are built, on a machine that may have other work. */
const BUILD_MS = 300_000;

describe("the build of the modules", () => {
  let sources: string;
  let digests: Map<string, string>;
  // The build also holds each module against the allow-list of its imports and exports, and fails if they differ.
  beforeAll(async () => {
    sources = copyOf(root, "here");
    digests = await build(sources);
  }, BUILD_MS);

  it(
    "gives the same bytes in another folder",
    async () => {
      expect([...digests.keys()]).toEqual(moduleNames.flatMap((name) => [`${name}.cdx.json`, `${name}.wasm`]));
      expect(await build(copyOf(sources, "another folder, with spaces"))).toEqual(digests);
    },
    BUILD_MS,
  );

  it("gives what is in dist/modules", () => {
    expect(digestsOf(built), "dist/modules is not what the sources give; npm run build makes it anew").toEqual(digests);
  });

  it("fails on an import or an export that the module was not granted", async () => {
    const copy = copyOf(sources, "changed");
    appendFileSync(
      join(copy, "filters/modules/auth.ts"),
      '@external("env", "proxy_done") declare function done(): u32;\nexport function proxy_on_log(id: u32): void { done(); }\n',
    );
    await expect(build(copy)).rejects.toThrow(
      "auth.wasm has exports that are not allowed: function proxy_on_log; has imports that are not allowed: env.proxy_done",
    );
  });
});

const capabilities = z.record(z.string(), z.object({}));

const vmConfig = z.object({
  code: z.object({ local: z.object({ filename: z.string() }) }),
  capability_restriction_config: z.object({ allowed_capabilities: capabilities }).optional(),
});

/** The modules that an emitted configuration loads, with the capabilities that each may have. */
function loadedModules(value: unknown): { module: string; list: string[] }[] {
  if (Array.isArray(value)) return value.flatMap(loadedModules);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key !== "vm_config") return loadedModules(inner);
    const { code, capability_restriction_config: restriction } = vmConfig.parse(inner);
    const list = Object.keys(restriction?.allowed_capabilities ?? {});
    return [{ module: basename(code.local.filename), list }];
  });
}

/** Callbacks that Envoy enters only if they are listed; without these, requests pass that no policy saw. */
const GATES = ["proxy_on_configure", "proxy_on_request_headers"];
const GATES_OF_BODIES = ["proxy_on_request_body", "proxy_on_request_trailers"];
const GATES_OF_ANSWERS = ["proxy_on_response_body", "proxy_on_response_headers", "proxy_on_response_trailers"];
/** What only a body stage does that converts: one that compares bodies with their digests changes nothing. */
const CONVERTING = ["proxy_remove_header_map_value", "proxy_replace_header_map_value", "proxy_set_buffer_bytes"];
const converts = (list: readonly string[]) => CONVERTING.some((name) => list.includes(name));
/** Withheld on purpose: a compiled guard never writes a request header, or Envoy would match the route again. */
const WITHHELD: Readonly<Record<string, readonly string[]>> = {
  "guard.wasm": ["proxy_remove_header_map_value", "proxy_replace_header_map_value"],
  "body.wasm": [],
};
/** And what only some guards do, each by the callback or the call that only they may have. */
const SELDOM = [
  // Those that go by the clock, to send spans or fetch keys.
  { sign: "proxy_on_tick", calls: ["proxy_set_tick_period_milliseconds"] },
  // Those that ask services.
  { sign: "proxy_on_http_call_response", calls: ["proxy_http_call"] },
  // Those that look at tokens.
  { sign: "proxy_call_foreign_function", calls: ["proxy_call_foreign_function"] },
  // Those that tell how old keys are.
  { sign: "proxy_record_metric", calls: ["proxy_record_metric"] },
  // Those in which requests wait.
  { sign: "proxy_continue_stream", calls: ["proxy_continue_stream", "proxy_set_effective_context"] },
];
const isWithheld = (module: string, list: readonly string[]): readonly string[] => {
  const always = WITHHELD[module] ?? [];
  if (module === "body.wasm") return converts(list) ? always : CONVERTING;
  return [...always, ...SELDOM.flatMap(({ sign, calls }) => (list.includes(sign) ? [] : calls))].toSorted();
};
/** Envoy enters these whatever is listed. */
const ALWAYS_ENTERED = ["_initialize", "malloc", "proxy_abi_version_0_2_1"];

describe.each(allExamples())("the capabilities of $name", ({ policyPath }) => {
  let loaded: { module: string; list: string[] }[];
  let told: readonly { name: string; capabilities: readonly string[] }[] = [];
  beforeAll(async () => {
    const { emission } = await compile(policyPath, "envoy");
    loaded = (emission?.artifacts ?? [])
      .filter(({ path }) => path.endsWith(".yaml"))
      .flatMap((artifact) => loadedModules(load(artifact.contents)));
    told = emission?.modules ?? [];
  });

  /** What a module imports, and by what it is entered. */
  function usedBy(module: string): { imports: string[]; callbacks: string[] } {
    const { facts } = verifyModule(readFileSync(join(built, module)), undefined);
    const exports = facts.exports.flatMap((name) => /^function (.*)$/.exec(name)?.[1] ?? []);
    return {
      imports: facts.imports.map((name) => name.replace(/^\w+\./, "")),
      callbacks: exports.filter((name) => !ALWAYS_ENTERED.includes(name)),
    };
  }

  it("are those that the lock will name", () => {
    for (const { module, list } of loaded) expect(list).toEqual(told.find(({ name }) => name === module)?.capabilities);
  });

  it("are restricted wherever a module is loaded", () => {
    expect(loaded.length).toBeGreaterThan(0);
    expect(new Set(loaded.map(({ module }) => module))).toEqual(new Set(told.map(({ name }) => name)));
    for (const { list } of loaded) expect(list).toEqual([...new Set(list)].toSorted());
  });

  it("let the modules be asked", () => {
    for (const { module, list } of loaded) {
      const gates = [
        ...GATES,
        ...(module === "body.wasm" ? GATES_OF_BODIES : []),
        ...(module === "body.wasm" && converts(list) ? GATES_OF_ANSWERS : []),
      ];
      const missing = gates.filter((name) => !list.includes(name));
      expect(missing, `callbacks of ${module} that Envoy would never call`).toEqual([]);
    }
  });

  it("have every host call of a module but those that the guard must not make", () => {
    for (const { module, list } of loaded)
      expect(
        usedBy(module)
          .imports.filter((name) => !list.includes(name))
          .toSorted(),
        `imports of ${module} that Envoy would answer with an error`,
      ).toEqual(isWithheld(module, list));
  });

  it("have nothing that a module does not use", () => {
    for (const { module, list } of loaded) {
      const { imports, callbacks } = usedBy(module);
      const useless = list.filter((name) => ![...imports, ...callbacks].includes(name));
      expect(useless, `capabilities that ${module} has no use for`).toEqual([]);
    }
  });
});
