import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { modulesFolder } from "../cli/files.js";
import { contractOf, moduleNames } from "./contracts.js";
import { renderVerdicts, renderVerdictsJson } from "./report.js";
import { verifyModule } from "./verify.js";

const moduleBytes = (name: string) => new Uint8Array(readFileSync(join(modulesFolder(), `${name}.wasm`)));

const text = (word: string) => [word.length, ...Buffer.from(word)];
const section = (id: number, ...content: number[]) => [id, content.length, ...content];

/** A module that is valid: one function, exported under names, one memory. */
function made(parts: { imports?: number[]; memory?: number[]; exports?: string[]; start?: true; custom?: string }) {
  const { imports, memory = [1, 1, 1, 1], exports = ["proxy_abi_version_0_2_1"], start, custom } = parts;
  const entries = exports.flatMap((name) => [...text(name), 0, imports === undefined ? 0 : 1]);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 1, 0x60, 0, 0),
    ...(imports === undefined ? [] : section(2, ...imports)),
    ...section(3, 1, 0),
    ...(memory.length === 0 ? [] : section(5, ...memory)),
    ...section(7, exports.length, ...entries),
    ...(start ? section(8, 0) : []),
    ...section(10, 1, 2, 0, 0x0b),
    ...(custom === undefined ? [] : section(0, ...text(custom))),
  ]);
}

const faultsOf = (bytes: Uint8Array) => verifyModule(bytes, undefined).faults;

it.each(moduleNames)("%s.wasm is as it must be", (name) => {
  const { facts, faults } = verifyModule(moduleBytes(name), contractOf(name));
  expect(faults).toEqual([]);
  expect(facts).toMatchObject({ abi: ["0.2.1"], memories: [{ least: 8, most: 1024 }], size: moduleBytes(name).length });
});

it("a module under the name of another has what that one must not have", () => {
  expect(verifyModule(moduleBytes("guard"), contractOf("auth")).faults).toEqual([
    "has exports that are not allowed: function proxy_on_delete, function proxy_on_log, function proxy_on_response_headers",
  ]);
  expect(verifyModule(moduleBytes("auth"), contractOf("guard")).faults).toEqual([
    "lacks exports: function proxy_on_delete, function proxy_on_log, function proxy_on_response_headers",
  ]);
  expect(verifyModule(moduleBytes("tracing"), contractOf("rate-limit")).faults).toEqual([
    "has exports that are not allowed: function proxy_on_http_call_response, function proxy_on_log",
    "lacks exports: function proxy_on_delete, function proxy_on_response_headers",
    "has imports that are not allowed: env.proxy_http_call, env.proxy_remove_header_map_value, env.proxy_replace_header_map_value",
    "lacks imports: env.proxy_send_local_response",
  ]);
  expect(contractOf("constructor")).toBeUndefined();
});

describe("any module", () => {
  it("may be what this one is", () => {
    expect(faultsOf(made({}))).toEqual([]);
  });

  it.each([
    ["a start section", made({ start: true }), ["has a start section, which runs before Envoy has linked it"]],
    ["memory without a bound", made({ memory: [1, 0, 1] }), ["may take any amount of memory, not 64 MiB"]],
    ["too much memory", made({ memory: [1, 1, 1, 0x81, 0x08] }), ["may take 64.0625 MiB of memory, not 64 MiB"]],
    ["no memory", made({ memory: [] }), ["has 0 memories instead of one"]],
    ["no ABI", made({ exports: ["malloc"] }), ["does not say that its ABI is 0.2.1"]],
    ["another ABI", made({ exports: ["proxy_abi_version_0_1_0"] }), ["does not say that its ABI is 0.2.1, but 0.1.0"]],
    [
      "two ABIs",
      made({ exports: ["proxy_abi_version_0_2_0", "proxy_abi_version_0_2_1"] }),
      ["does not say that its ABI is 0.2.1, but 0.2.0 and 0.2.1"],
    ],
    ["names of functions", made({ custom: "name" }), ["carries function names"]],
    [
      "an import that is no function",
      made({ imports: [2, ...text("a"), ...text("f"), 0, 0, ...text("a"), ...text("g"), 3, 0x7f, 0] }),
      ["has imports that are no functions: global a.g"],
    ],
  ])("may not have %s", (_, bytes, faults) => {
    expect(faultsOf(bytes)).toEqual(faults);
  });

  it("must be one that the engine takes", () => {
    const bytes = moduleBytes("guard");
    // Code is in the middle, data at the end.
    const middle = Math.floor(bytes.length / 3);
    bytes.fill(0xff, middle, middle + 4096);
    expect(faultsOf(bytes)).toEqual([expect.stringMatching(/^is no valid module: /)]);
    expect(faultsOf(Buffer.from("#!/bin/sh"))).toEqual([
      "is no module that can be read: it does not begin as a WebAssembly module does",
    ]);
  });
});

it("names of a module reach no terminal as they are", () => {
  const { facts } = verifyModule(made({}), undefined);
  const verdict = { path: "a.wasm", found: facts, facts, faults: ["has imports: env.\u001b[2Jx", "x".repeat(9_000)] };
  const shown = renderVerdicts([verdict]);
  expect(shown).toContain("env.\\u{1b}[2Jx");
  expect(shown.length).toBeLessThan(3_000);
  expect(renderVerdictsJson([verdict])).not.toContain("\u001b");
  expect(JSON.parse(renderVerdictsJson([verdict]))).toMatchObject({ ok: false, files: [{ faults: verdict.faults }] });
});
