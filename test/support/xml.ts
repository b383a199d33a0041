import { type Assembly, instantiateAssembly } from "./assembly.js";

/** Codes of `filters/lib/xml-errors.ts`. */
const XML_ERRORS = {
  syntax: -1,
  end: -2,
  utf8: -3,
  utf16: -4,
  character: -5,
  encoding: -6,
  version: -7,
  doctype: -8,
  instruction: -9,
  name: -10,
  tag: -11,
  reference: -12,
  duplicate: -13,
  prefix: -14,
  namespace: -15,
  depth: -16,
  attributes: -17,
  nameLength: -18,
  namespaces: -19,
  outside: -20,
} as const;
export type XmlError = keyof typeof XML_ERRORS;

const START = 1;
const END = 2;
const TEXT = 3;

export interface ScannedAttribute {
  prefix: string;
  local: string;
  value: string;
}

export type ScannedEvent =
  | { kind: "start"; local: string; namespace: string; attributes: ScannedAttribute[] }
  | { kind: "end" }
  | { kind: "text"; text: string };

export interface Scanned {
  events: ScannedEvent[];
  /** Why and at which byte it was refused. */
  error?: { reason: XmlError; offset: number };
}

export interface ScanOptions {
  namespaces?: boolean;
  instructions?: boolean;
  limits?: { depth?: number; attributes?: number; name?: number; declarations?: number };
  /** Gather what there is; without it, only whether it is taken. */
  events?: boolean;
}

/** The scanner in a module of its own. */
export class XmlScanner {
  private readonly lib: Assembly;

  private constructor(lib: Assembly) {
    this.lib = lib;
  }

  static async create(): Promise<XmlScanner> {
    const lib = await instantiateAssembly("filters/lib/probe.ts");
    lib.call("seedTables", 0x0123456789abcdefn, 0x5deece66d1234567n);
    return new XmlScanner(lib);
  }

  /** Reads a document that ends where the memory ends, so that a read behind it is a trap; what lies behind the scanner's memory stays. */
  scan(document: string | Uint8Array, options: ScanOptions = {}): Scanned {
    const bytes = Buffer.from(document);
    const { depth = 64, attributes = 64, name = 256, declarations = 64 } = options.limits ?? {};
    this.lib.call("xmlLimits", depth, attributes, name, declarations);
    const behind = this.lib.free + this.lib.call("xmlMemory");
    this.lib.ensure(behind + FENCE.length + bytes.length);
    this.lib.put(behind, FENCE);
    const flags = (options.namespaces === false ? 1 : 0) | (options.instructions === false ? 2 : 0);
    const begun = this.lib.call("xmlBegin", this.lib.putLast(bytes), bytes.length, this.lib.free, flags, 0);
    const scanned = begun < 0 ? this.refused([], begun) : this.rest(options.events ?? true);
    if (Buffer.compare(this.lib.bytes(behind, FENCE.length), FENCE) !== 0)
      throw new Error("the scanner wrote behind its memory");
    return scanned;
  }

  /** Why the next event does not come. */
  again(): XmlError {
    return reasonOf(this.lib.call("xmlNext"));
  }

  private rest(gather: boolean): Scanned {
    const events: ScannedEvent[] = [];
    while (true) {
      const code = this.lib.call("xmlNext");
      if (code < 0) return this.refused(events, code);
      if (code === 0) return { events };
      if (gather) events.push(this.event(code));
    }
  }

  private event(code: number): ScannedEvent {
    if (code === END) return { kind: "end" };
    if (code === TEXT) return { kind: "text", text: this.text("xmlText") };
    if (code !== START) throw new Error(`no event: ${code}`);
    const attributes = Array.from({ length: this.lib.call("xmlAttributeCount") }, (_, index) => this.attribute(index));
    return { kind: "start", local: this.text("xmlLocal"), namespace: this.text("xmlNamespace"), attributes };
  }

  private text(name: string): string {
    return this.lib.text(this.lib.call(`${name}Start`), this.lib.call(`${name}Length`));
  }

  private attribute(index: number): ScannedAttribute {
    const part = (which: number) => this.lib.call("xmlAttributePart", index, which);
    const [name, prefix, local] = [part(0), part(1), part(2)];
    return {
      prefix: this.lib.text(name, Math.max(prefix - 1, 0)),
      local: this.lib.text(name + prefix, local),
      value: this.lib.text(part(3), part(4)),
    };
  }

  private refused(events: ScannedEvent[], code: number): Scanned {
    return { events, error: { reason: reasonOf(code), offset: this.lib.call("xmlErrorOffset") } };
  }
}

const FENCE = Buffer.alloc(16, 0xa5);

function reasonOf(code: number): XmlError {
  for (const [reason, value] of Object.entries(XML_ERRORS)) {
    if (value === code && isReason(reason)) return reason;
  }
  throw new Error(`no reason: ${code}`);
}

function isReason(reason: string): reason is XmlError {
  return reason in XML_ERRORS;
}
