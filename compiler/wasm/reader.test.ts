import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { modulesFolder } from "../cli/files.js";
import { compileModule, exportsOf, importsOf } from "../host/engine.js";
import { readModule, type WasmModule } from "./reader.js";

const guard = new Uint8Array(readFileSync(join(modulesFolder(), "guard.wasm")));
const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

function moduleOf(...sections: (readonly number[])[]): Uint8Array {
  return Uint8Array.from([...HEADER, ...sections.flatMap(([id = 0, ...rest]) => [id, rest.length, ...rest])]);
}

function text(word: string): number[] {
  return [word.length, ...Buffer.from(word)];
}

function read(bytes: Uint8Array): WasmModule {
  const result = readModule(bytes);
  if (result.outcome === "damaged") throw new Error(result.reason);
  return result.module;
}

describe("a module that was built", () => {
  it("declares what the engine sees in it", () => {
    const compiled = compileModule(guard);
    const { imports, exports, memories, hasStart } = read(guard);
    expect(imports.map(({ name }) => name)).toEqual(importsOf(compiled).map((one) => `${one.module}.${one.name}`));
    expect(exports.map((name) => name.replace(/^\w+ /, ""))).toEqual(exportsOf(compiled));
    expect(memories).toEqual([{ least: 8, most: 1024 }]);
    expect(hasStart).toBe(false);
  });

  it("cut off anywhere is damaged, or is a module of fewer sections; nothing is thrown", () => {
    for (let length = 0; length < 4096; length++)
      if (readModule(guard.subarray(0, length)).outcome === "read")
        expect(read(guard.subarray(0, length)).imports.length).toBeLessThanOrEqual(read(guard).imports.length);
    expect(readModule(guard.subarray(0, guard.length - 1)).outcome).toBe("damaged");
  });

  it("with other bytes is read as the engine reads it, wherever the engine takes it", () => {
    const change = fc.record({ at: fc.nat({ max: 2048 }), byte: fc.nat({ max: 255 }) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const bytes = guard.slice();
        for (const { at, byte } of changes) bytes[at] = byte;
        const result = readModule(bytes);
        const names = engineNames(bytes);
        if (names === undefined) return;
        expect(result.outcome === "read" && result.module.imports.map(({ name }) => name)).toEqual(names);
      }),
      { numRuns: 300 },
    );
  });

  function engineNames(bytes: Uint8Array): string[] | undefined {
    try {
      return importsOf(compileModule(bytes)).map((one) => `${one.module}.${one.name}`);
    } catch {
      return undefined;
    }
  }
});

describe("a module by hand", () => {
  it("has each kind of import", () => {
    const imports = [
      2,
      5,
      ...[...text("a"), ...text("f"), 0, 0],
      ...[...text("a"), ...text("t"), 1, 0x70, 1, 1, 2],
      ...[...text("a"), ...text("m"), 2, 0, 1],
      ...[...text("a"), ...text("g"), 3, 0x7f, 0],
      ...[...text("a"), ...text("e"), 4, 0, 0],
    ];
    const { imports: found, memories } = read(moduleOf([1, 1, 0x60, 0, 0], imports));
    expect(found.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "function a.f",
      "table a.t",
      "memory a.m",
      "global a.g",
      "tag a.e",
    ]);
    expect(memories).toEqual([{ least: 1 }]);
  });

  it("has a start function, memories and custom sections", () => {
    const module = read(moduleOf([5, 2, 0, 1, 1, 2, 0x80, 0x08], [8, 0], [0, ...text("name"), 1, 2]));
    expect(module).toMatchObject({
      hasStart: true,
      memories: [{ least: 1 }, { least: 2, most: 1024 }],
      customSections: ["name"],
    });
  });

  it.each([
    ["no module", Uint8Array.from([1, 2, 3]), "it does not begin as a WebAssembly module does"],
    [
      "a component",
      Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]),
      "it does not begin as a WebAssembly module does",
    ],
    ["nothing", new Uint8Array(), "it does not begin as a WebAssembly module does"],
    ["a section beyond the end", Uint8Array.from([...HEADER, 2, 9, 0]), "it ends too early (byte 10)"],
    ["more in a section than it says", moduleOf([5, 1, 0, 1, 7]), "section 5 is longer than what is in it (byte 13)"],
    ["fewer items than are said", moduleOf([7, 0xff, 0xff, 0xff, 0xff, 0x0f]), "it ends too early (byte 15)"],
    [
      "a number of more than 32 bits",
      moduleOf([7, 0xff, 0xff, 0xff, 0xff, 0x7f]),
      "a number has more than 32 bits (byte 15)",
    ],
    ["a shared memory", moduleOf([5, 1, 3, 1, 2]), "a memory or table is shared or has 64-bit addresses (byte 12)"],
    ["a name that is no UTF-8", moduleOf([7, 1, 1, 0xff, 0, 0]), "a name is not UTF-8 (byte 13)"],
    ["an unknown kind", moduleOf([7, 1, 1, 0x61, 9, 0]), "9 is no kind of import or export (byte 14)"],
  ])("is damaged: %s", (_, bytes, reason) => {
    expect(readModule(bytes)).toEqual({ outcome: "damaged", reason });
  });
});
