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
import { join } from "node:path";
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

describe("the build of the modules", () => {
  let sources: string;
  let digests: Map<string, string>;
  // The build also holds each module against the allow-list of its imports and exports, and fails if they differ.
  beforeAll(async () => {
    sources = copyOf(root, "here");
    digests = await build(sources);
  });

  it("gives the same bytes in another folder", async () => {
    expect([...digests.keys()]).toEqual(moduleNames.flatMap((name) => [`${name}.cdx.json`, `${name}.wasm`]));
    expect(await build(copyOf(sources, "another folder, with spaces"))).toEqual(digests);
  });

  it("gives what is in dist/modules", () => {
    expect(digestsOf(built), "dist/modules is not what the sources give; npm run build makes it anew").toEqual(digests);
  });

  it("fails on an import or an export that the module was not granted", async () => {
    const copy = copyOf(sources, "changed");
    appendFileSync(
      join(copy, "filters/modules/auth.ts"),
      '@external("env", "proxy_done") declare function done(): u32;\nexport function proxy_on_tick(id: u32): void { done(); }\n',
    );
    await expect(build(copy)).rejects.toThrow(
      "auth.wasm has exports that are not allowed: function proxy_on_tick; has imports that are not allowed: env.proxy_done",
    );
  });
});

const capabilities = z.record(z.string(), z.object({}));

/** Every `allowed_capabilities` of an emitted configuration, as lists of names. */
function capabilityLists(value: unknown): string[][] {
  if (Array.isArray(value)) return value.flatMap(capabilityLists);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "allowed_capabilities" ? [Object.keys(capabilities.parse(inner))] : capabilityLists(inner),
  );
}

/** Callbacks that Envoy enters only if they are listed; without these, requests pass that no policy saw. */
const GATES = ["proxy_on_configure", "proxy_on_request_headers"];
/** Withheld on purpose: a compiled guard never writes a request header, or Envoy would match the route again. */
const WITHHELD = ["proxy_remove_header_map_value", "proxy_replace_header_map_value"];
/** Envoy enters these whatever is listed. */
const ALWAYS_ENTERED = ["_initialize", "malloc", "proxy_abi_version_0_2_1"];

describe.each(allExamples())("the capabilities of $name", ({ policyPath }) => {
  const { facts } = verifyModule(readFileSync(join(built, "guard.wasm")), undefined);
  const imports = facts.imports.map((name) => name.replace(/^\w+\./, ""));
  const exports = facts.exports.flatMap((name) => /^function (.*)$/.exec(name)?.[1] ?? []);
  let lists: string[][];
  let told: readonly string[] = [];
  beforeAll(async () => {
    const { emission } = await compile(policyPath, "envoy");
    lists = capabilityLists((emission?.artifacts ?? []).map((artifact) => load(artifact.contents)));
    told = emission?.modules[0]?.capabilities ?? [];
  });

  it("are those that the lock will name", () => {
    for (const list of lists) expect(list).toEqual(told);
  });

  it("are restricted wherever a module is loaded", () => {
    expect(lists.length).toBeGreaterThan(0);
    for (const list of lists) expect(list).toEqual([...new Set(list)].toSorted());
  });

  it("let the guard be asked", () => {
    for (const list of lists)
      expect(
        GATES.filter((name) => !list.includes(name)),
        "callbacks that Envoy would never call",
      ).toEqual([]);
  });

  it("have every host call of the guard but those that write request headers", () => {
    for (const list of lists)
      expect(
        imports.filter((name) => !list.includes(name)).toSorted(),
        "imports that Envoy would answer with an error",
      ).toEqual(WITHHELD);
  });

  it("have nothing that the guard does not use", () => {
    const used = [...imports, ...exports.filter((name) => !ALWAYS_ENTERED.includes(name))];
    for (const list of lists)
      expect(
        list.filter((name) => !used.includes(name)),
        "capabilities that the guard has no use for",
      ).toEqual([]);
  });
});
