// The engine of Node. Neither `lib` nor `types` declares it; this is the part of it that is used here.

declare const WebAssembly: {
  readonly Module: {
    new (bytes: Uint8Array): CompiledModule;
    imports(module: CompiledModule): readonly ModuleItem[];
    exports(module: CompiledModule): readonly ModuleItem[];
  };
  readonly Instance: new (
    module: CompiledModule,
    imports: Imports,
  ) => { readonly exports: Readonly<Record<string, Exported>> };
};

interface ModuleItem {
  readonly module?: string;
  readonly name: string;
  readonly kind: string;
}
export interface CompiledModule {
  readonly [Symbol.toStringTag]?: string;
}
export interface LinearMemory {
  readonly buffer: ArrayBuffer;
}
export type WasmNumber = number | bigint;
export type WasmFunction = (...parameters: WasmNumber[]) => WasmNumber | undefined;
export type Exported = WasmFunction | LinearMemory;
export type Imports = Record<string, Record<string, WasmFunction>>;

/** @throws Error of the engine for bytes that are no valid module */
export function compileModule(bytes: Uint8Array): CompiledModule {
  return new WebAssembly.Module(bytes);
}

export interface ImportName {
  readonly module: string;
  readonly name: string;
}

/** @returns the functions that a module wants to be given */
export function importsOf(module: CompiledModule): ImportName[] {
  return WebAssembly.Module.imports(module).map((item) => ({ module: item.module ?? "", name: item.name }));
}

export function exportsOf(module: CompiledModule): string[] {
  return WebAssembly.Module.exports(module).map((item) => item.name);
}

export function instantiate(module: CompiledModule, imports: Imports): Readonly<Record<string, Exported>> {
  return new WebAssembly.Instance(module, imports).exports;
}
