/** What a binary module declares, by chapter 5.5 of the WebAssembly Core Specification. No code is looked at. */
export interface WasmModule {
  /** `module.name`, in the order of the module. */
  readonly imports: readonly WasmImport[];
  /** `function malloc`, `memory memory`: the kind, then the name. */
  readonly exports: readonly string[];
  readonly memories: readonly Limits[];
  /** True if a function runs while the module is instantiated, before anybody can ask for its ABI. */
  readonly hasStart: boolean;
  /** Names of the custom sections. */
  readonly customSections: readonly string[];
}

export interface WasmImport {
  readonly kind: Kind;
  readonly name: string;
}

/** In pages of 64 KiB. */
export interface Limits {
  readonly least: number;
  /** Absent if the module may grow as far as the engine lets it. */
  readonly most?: number;
}

const KINDS = ["function", "table", "memory", "global", "tag"] as const;
type Kind = (typeof KINDS)[number];

export type ReadOutcome =
  | { readonly outcome: "read"; readonly module: WasmModule }
  | { readonly outcome: "damaged"; readonly reason: string };

/** Reads the sections of a module; what it cannot read is damage, with the byte at which it was met. */
export function readModule(bytes: Uint8Array): ReadOutcome {
  try {
    return { outcome: "read", module: sections(new Cursor(bytes)) };
  } catch (error) {
    if (error instanceof Damage) return { outcome: "damaged", reason: error.message };
    throw error;
  }
}

class Damage extends Error {}

/** `\0asm`, version 1. A component of the component model has another version. */
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

const SECTION = { custom: 0, import: 2, memory: 5, export: 7, start: 8 } as const;

function sections(cursor: Cursor): WasmModule {
  for (const byte of HEADER)
    if (cursor.done || cursor.byte() !== byte) throw new Damage("it does not begin as a WebAssembly module does");
  const imports: WasmImport[] = [];
  const imported: Limits[] = [];
  const own: Limits[] = [];
  const exports: string[] = [];
  const customSections: string[] = [];
  let hasStart = false;
  while (!cursor.done) {
    const id = cursor.byte();
    const section = cursor.part(cursor.u32());
    switch (id) {
      case SECTION.custom:
        customSections.push(section.name());
        continue;
      case SECTION.import:
        section.each(() => imports.push(importOf(section, imported)));
        break;
      case SECTION.memory:
        section.each(() => own.push(limits(section)));
        break;
      case SECTION.export:
        section.each(() => exports.push(exportOf(section)));
        break;
      case SECTION.start:
        section.u32();
        hasStart = true;
        break;
      default:
        continue;
    }
    if (!section.done) throw section.damage(`section ${id} is longer than what is in it`);
  }
  return { imports, exports, memories: [...imported, ...own], hasStart, customSections };
}

function importOf(section: Cursor, memories: Limits[]): WasmImport {
  const name = `${section.name()}.${section.name()}`;
  const kind = kindOf(section);
  switch (kind) {
    case "function":
      section.u32();
      break;
    case "table":
      section.byte();
      limits(section);
      break;
    case "memory":
      memories.push(limits(section));
      break;
    case "global":
      section.byte();
      section.byte();
      break;
    case "tag":
      section.byte();
      section.u32();
      break;
  }
  return { kind, name };
}

function exportOf(section: Cursor): string {
  const name = section.name();
  const kind = kindOf(section);
  section.u32();
  return `${kind} ${name}`;
}

function kindOf(section: Cursor): Kind {
  const byte = section.byte();
  const kind = KINDS[byte];
  if (kind === undefined) throw section.damage(`${byte} is no kind of import or export`);
  return kind;
}

/** Shared and 64-bit memories are other flags, and no module of a proxy has them. */
function limits(section: Cursor): Limits {
  const flags = section.byte();
  if (flags > 1) throw section.damage("a memory or table is shared or has 64-bit addresses");
  const least = section.u32();
  return flags === 0 ? { least } : { least, most: section.u32() };
}

/** Names must be UTF-8; a text made of anything else could look like another name. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A part of the module, read from its beginning to its end and never beyond. */
class Cursor {
  private readonly bytes: Uint8Array;
  /** Where the part begins in the module. */
  private readonly offset: number;
  private at = 0;

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes;
    this.offset = offset;
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  damage(what: string): Damage {
    return new Damage(`${what} (byte ${this.offset + this.at})`);
  }

  byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw this.damage("it ends too early");
    this.at++;
    return byte;
  }

  /** LEB128, at most five bytes. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80 && value < 2 ** 32) return value;
    }
    throw this.damage("a number has more than 32 bits");
  }

  part(length: number): Cursor {
    const end = this.at + length;
    if (end > this.bytes.length) throw this.damage("it ends too early");
    const part = new Cursor(this.bytes.subarray(this.at, end), this.offset + this.at);
    this.at = end;
    return part;
  }

  name(): string {
    const length = this.u32();
    const start = this.at;
    this.part(length);
    try {
      return utf8.decode(this.bytes.subarray(start, this.at));
    } catch {
      throw this.damage("a name is not UTF-8");
    }
  }

  /** As many items as the count says; each takes a byte at least, so the count is bounded by the bytes that are there. */
  each(item: () => void): void {
    for (let count = this.u32(); count > 0; count--) item();
  }
}
