import type { SoapConfig } from "../../filters/soap/module.js";
import { type Assembly, type Imports, instantiateAssembly } from "./assembly.js";

// `filters/soap/assembly/probe.ts` with a host of its own: a policy is read, and requests of clients are converted to envelopes.

/** A configuration as people write it: what has a default may be left out. */
export type SoapSource = Omit<SoapConfig, "operations"> & { operations: readonly object[] };

export interface ClientRequest {
  operation: string;
  path?: string;
  query?: string;
  /** Text, bytes, or a value to be turned into JSON. Default `{}`. */
  body?: unknown;
}

export interface Converted {
  status: number;
  /** There if the status is 0. */
  envelope?: string;
  detail?: string;
  pointer?: string;
}

/** As `filters/soap/assembly/answer-result.ts` numbers them. */
const ANSWERED = [
  "answer",
  "declaredFault",
  "senderFault",
  "receiverFault",
  "notXml",
  "truncated",
  "encoding",
  "doctype",
  "instruction",
  "tooDeep",
  "tooComplex",
  "tooLong",
  "noMemory",
  "envelope",
  "version",
  "notUnderstood",
  "empty",
  "status",
  "element",
  "attribute",
  "missing",
  "tooMany",
  "text",
  "value",
  "nil",
] as const;

export interface AnsweredJson {
  outcome: (typeof ANSWERED)[number];
  json?: string;
  /** Which of the operation's faults it is. */
  fault?: number;
  /** The element at which it was refused. */
  element?: string;
}

export interface ConverterOptions {
  environment?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970; 0: the clock fails. */
  now?: number;
  /** Bytes that the host's random source gives, over and over; none: it fails. */
  random?: readonly number[];
}

export class SoapConverter {
  readonly module: Assembly;

  private constructor(module: Assembly) {
    this.module = module;
  }

  static async start(options: ConverterOptions = {}): Promise<SoapConverter> {
    let module: Assembly | undefined;
    const put = (address: number, bytes: Uint8Array) => module?.put(address, bytes);
    module = await instantiateAssembly("filters/soap/assembly/probe.ts", wasiOf(options, put));
    return new SoapConverter(module);
  }

  /** Reads a policy; the problem if it is wrong. */
  configure(config: unknown): string | undefined {
    const text = typeof config === "string" ? config : JSON.stringify(config);
    this.module.call("reset");
    if (this.module.call("configure", this.give(Buffer.from(text)), Buffer.byteLength(text)) === 1) return undefined;
    return this.module.text(this.module.call("problemStart"), this.module.call("problemLength"));
  }

  convert({ operation, path = "/", query = "", body = {} }: ClientRequest): Converted {
    this.module.call("reset");
    const index = this.operation(operation);
    const bytes = bytesOf(body);
    const at = [path, query].flatMap((text) => [this.give(Buffer.from(text)), Buffer.byteLength(text)]);
    const status = this.module.call("convert", index, ...at, this.give(bytes), bytes.length);
    if (status === 0) return { status, envelope: this.result("output") };
    const pointerBytes = this.module.call("pointerBytes");
    const detail = this.module.text(this.module.call("detailStart"), this.module.call("detailBytes"));
    if (pointerBytes < 0) return { status, detail };
    return { status, detail, pointer: this.module.text(this.module.call("pointerStart"), pointerBytes) };
  }

  /** What an answer of a service is to the client. */
  answer(operation: string, body: string | Uint8Array, status = 200): AnsweredJson {
    this.module.call("reset");
    const index = this.operation(operation);
    const bytes = Buffer.from(body);
    const code = this.module.call("answer", index, this.give(bytes), bytes.length, status);
    const outcome = ANSWERED[code];
    if (outcome === undefined) throw new Error(`no outcome: ${code}`);
    if (outcome === "answer") return { outcome, json: this.result("answer") };
    if (outcome !== "declaredFault") return { outcome, element: this.result("answerElement") };
    return { outcome, json: this.result("answer"), fault: this.module.call("answeredFault", index) };
  }

  /** The problem document of the request that was converted last. */
  problem(): string {
    if (this.module.call("writeRequestProblem") !== 1) throw new Error("the module has no memory");
    return this.result("output");
  }

  /** Whether a text is a value of a simple type. */
  isValue(simple: number, text: string): boolean {
    this.module.call("reset");
    return this.module.call("isValue", simple, this.give(Buffer.from(text)), Buffer.byteLength(text)) === 1;
  }

  private result(name: string): string {
    return this.module.text(this.module.call(`${name}Start`), this.module.call(`${name}Length`));
  }

  private operation(name: string): number {
    const index = this.module.call("operationNamed", this.give(Buffer.from(name)), Buffer.byteLength(name));
    if (index < 0) throw new Error(`there is no operation ${name}`);
    return index;
  }

  /** Puts bytes into the arena, as the host does. */
  give(bytes: Uint8Array): number {
    const address = this.module.call("take", bytes.length);
    if (address === 0) throw new Error("the module has no memory");
    this.module.put(address, bytes);
    return address;
  }
}

function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

/** WASI, as far as the module calls it. */
function wasiOf(options: ConverterOptions, put: (address: number, bytes: Uint8Array) => void): Imports {
  const { environment = {}, now = 1_764_131_760_123, random = [0xa5] } = options;
  const variables = Object.entries(environment).map(([name, value]) => Buffer.from(`${name}=${value}\0`));
  const word = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
  return {
    wasi_snapshot_preview1: {
      random_get: (address, length) => {
        const bytes = Uint8Array.from({ length: Number(length) }, (_, index) => random[index % random.length] ?? 0);
        put(Number(address), bytes);
        return random.length === 0 ? 1 : 0;
      },
      clock_time_get: (_clock, _precision, address) => {
        put(Number(address), new Uint8Array(BigUint64Array.of(BigInt(now) * 1_000_000n).buffer));
        return now === 0 ? 1 : 0;
      },
      environ_sizes_get: (count, bytes) => {
        put(Number(count), word(variables.length));
        put(Number(bytes), word(Buffer.concat(variables).length));
        return 0;
      },
      environ_get: (pointers, buffer) => {
        let address = Number(buffer);
        for (const [index, variable] of variables.entries()) {
          put(Number(pointers) + 4 * index, word(address));
          put(address, variable);
          address += variable.length;
        }
        return 0;
      },
    },
  };
}
