import { Status } from "./abi.js";
import type { Border } from "./border.js";
import { bufferFunctions } from "./buffers.js";
import { type CallAnswer, callFunctions } from "./calls.js";
import { clockFunctions } from "./clock.js";
import type { Context, Plugin, RootContext, StreamContext } from "./context.js";
import { type CompiledModule, type Exported, exportsOf, importsOf, instantiate, type LinearMemory } from "./engine.js";
import { type Environment, environmentFunctions } from "./environment.js";
import { HostFault } from "./fault.js";
import { foreignFunctions } from "./foreign-functions.js";
import { headerFunctions } from "./headers.js";
import { type Gate, linkImports, WHILE_ALLOCATING, WHILE_STARTING } from "./imports.js";
import { logFunctions } from "./log.js";
import { GuestMemory } from "./memory.js";
import { metricFunctions } from "./metrics.js";
import { propertyFunctions } from "./properties.js";
import { randomFunctions } from "./random.js";
import { sharedDataFunctions } from "./shared-data.js";
import { Stream, type StreamOptions } from "./stream.js";
import { streamFunctions } from "./streams.js";
import { timerFunctions } from "./timers.js";

const VERSION = "proxy_abi_version_0_2_1";

export interface VmOptions extends Omit<Gate, "allowedNow"> {
  readonly environment: Environment;
  entered(name: string): void;
}

/**
 * One instance of a module, as one worker of Envoy has it. Everything happens at once, in the call that makes it happen.
 * @throws HostFault from any method when the module did what this host does not model
 */
export class Vm implements Border {
  readonly environment: Environment;
  readonly memory: GuestMemory;
  readonly roots: RootContext[] = [];
  /** Why the VM is gone: a trap. Envoy then answers every stream with 503. */
  failure: string | undefined;
  private readonly exports: Readonly<Record<string, Exported>>;
  private readonly entered: (name: string) => void;
  private readonly capabilities: ReadonlySet<string> | undefined;
  private readonly contexts = new Map<number, Context>([[0, { sort: "vm", id: 0 }]]);
  private nextId = 1;
  private current: Context = { sort: "vm", id: 0 };
  private effective: Context | undefined;
  private allowed: ReadonlySet<string> | undefined;
  private stopped = false;
  private depth = 0;
  private isDraining = false;
  private readonly deferred: (() => void)[] = [];

  constructor(module: CompiledModule, { environment, capabilities, restricted, intercept, entered }: VmOptions) {
    this.environment = environment;
    this.entered = entered;
    this.capabilities = capabilities;
    this.memory = new GuestMemory(
      () => this.linearMemory(),
      (size) => this.allocate(size),
    );
    requireExports(module);
    const gate: Gate = { capabilities, restricted, intercept, allowedNow: () => this.allowed };
    this.exports = instantiate(module, linkImports(importsOf(module), functionsOf(this), gate));
    this.within(WHILE_STARTING, () => this.run(this.current, "_initialize", []));
  }

  /**
   * Adds an entry of the filter chain, as Envoy does on each worker: the module is told of the root, of the VM and of the configuration.
   * @returns undefined if the module refused, or trapped
   */
  configure(plugin: Plugin): RootContext | undefined {
    const root: RootContext = {
      sort: "root",
      id: this.nextId++,
      plugin,
      configuring: true,
      answer: undefined,
      callStatus: { code: Status.Ok, message: "" },
      ticker: undefined,
    };
    this.contexts.set(root.id, root);
    this.ask(root, "proxy_on_context_create", [root.id, 0]);
    root.configuring = false;
    if (this.ask(root, "proxy_on_vm_start", [root.id, this.environment.vmConfiguration.length]) === 0) return undefined;
    root.configuring = true;
    const accepted = this.ask(root, "proxy_on_configure", [root.id, plugin.configuration.length]) !== 0;
    root.configuring = false;
    if (!accepted || this.failure !== undefined) return undefined;
    this.roots.push(root);
    return root;
  }

  /** A new stream through a plugin; the first unless another is given. */
  stream(options: StreamOptions, root = this.roots[0]): Stream {
    if (root === undefined) throw new HostFault("no plugin is configured");
    const id = this.nextId++;
    const stream: Stream = new Stream(this, () => context, options);
    const context: StreamContext = { sort: "stream", id, root, stream };
    this.contexts.set(id, context);
    return stream;
  }

  /** Tells a plugin that it is removed. */
  remove(root: RootContext): void {
    const done = this.ask(root, "proxy_on_done", [root.id]) !== 0;
    if (!done) throw new HostFault("proxy_on_done of a root that wants to wait is not modelled");
    this.ask(root, "proxy_on_delete", [root.id]);
    this.contexts.delete(root.id);
    const index = this.roots.indexOf(root);
    if (index >= 0) this.roots.splice(index, 1);
  }

  /** Tells all plugins, also those that refused. */
  shutDown(): void {
    for (const context of [...this.contexts.values()]) if (context.sort === "root") this.remove(context);
  }

  /** Tells a root that its period is over. */
  tick(root: RootContext): void {
    this.ask(root, "proxy_on_tick", [root.id]);
  }

  /** Bytes of memory. */
  get memorySize(): number {
    return this.memory.size;
  }

  // ---- for streams

  /** Whether the module has a callback, and its capabilities list it: what is not listed is never called. */
  has(name: string): boolean {
    return typeof this.exports[name] === "function" && (this.capabilities?.has(name) ?? true);
  }

  /**
   * Calls a callback, and does what it put off.
   * @returns undefined if there is no such callback, or the VM is gone
   */
  ask(context: Context, name: string, parameters: readonly number[]): number | undefined {
    return this.decide(context, name, parameters, (result) => result);
  }

  /** The same; the decision is made before what was put off is done. `stopped`: the stream must not go on. */
  decide<Decision>(
    context: Context,
    name: string,
    parameters: readonly number[],
    decision: (result: number | undefined, stopped: boolean) => Decision,
  ): Decision {
    this.depth++;
    let decided: Decision;
    try {
      decided = decision(this.has(name) ? this.run(context, name, parameters) : undefined, this.stopped);
    } finally {
      this.depth--;
      this.stopped = false;
    }
    if (this.depth === 0) this.doDeferred();
    return decided;
  }

  forget(context: Context): void {
    this.contexts.delete(context.id);
  }

  // ---- for the chapters of the ABI

  context(): Context {
    const { effective } = this;
    return effective !== undefined && this.contexts.get(effective.id) === effective ? effective : this.current;
  }

  root(): RootContext {
    const context = this.context();
    if (context.sort === "vm") throw new HostFault("the module made a call for a root before there was one");
    return context.sort === "root" ? context : context.root;
  }

  contextOf(id: number): Context | undefined {
    return this.contexts.get(id);
  }

  setEffectiveContext(context: Context): void {
    this.effective = context.id === 0 ? undefined : context;
  }

  tellAnswer(root: RootContext, token: number, answer: CallAnswer | undefined): void {
    root.answer = answer;
    if (answer === undefined) root.callStatus = { code: Status.BrokenConnection, message: "reset" };
    const counts = [answer?.headers.size ?? 0, answer?.body.length ?? 0, answer?.trailers?.size ?? 0];
    this.ask(root, "proxy_on_http_call_response", [root.id, token, ...counts]);
    root.answer = undefined;
    root.callStatus = { ...root.callStatus, message: "" };
  }

  defer(action: () => void): void {
    this.deferred.push(action);
    if (this.depth === 0 && !this.isDraining) this.doDeferred();
  }

  stopIteration(): void {
    this.stopped = true;
  }

  // ---- the module

  private doDeferred(): void {
    const outer = this.isDraining;
    this.isDraining = true;
    try {
      for (let action = this.deferred.shift(); action !== undefined; action = this.deferred.shift()) action();
    } finally {
      this.isDraining = outer;
    }
  }

  private run(context: Context, name: string, parameters: readonly number[]): number | undefined {
    const callback = this.exports[name];
    if (typeof callback !== "function" || this.failure !== undefined) return undefined;
    this.entered(name);
    const [current, effective] = [this.current, this.effective];
    this.current = context;
    this.effective = undefined;
    try {
      return Number(callback(...parameters) ?? 0);
    } catch (error) {
      if (error instanceof HostFault) throw error;
      this.failure = `${name}: ${error instanceof Error ? error.message : String(error)}`;
      return undefined;
    } finally {
      this.current = current;
      this.effective = effective;
    }
  }

  private allocate(size: number): number {
    const malloc = this.exports.malloc ?? this.exports.proxy_on_memory_allocate;
    if (typeof malloc !== "function") return 0;
    return this.within(WHILE_ALLOCATING, () => Number(malloc(size) ?? 0) >>> 0);
  }

  private within<Result>(allowed: ReadonlySet<string>, work: () => Result): Result {
    this.allowed = allowed;
    try {
      return work();
    } finally {
      this.allowed = undefined;
    }
  }

  private linearMemory(): LinearMemory {
    const { memory } = this.exports;
    if (memory === undefined || typeof memory === "function") throw new HostFault("the module exports no memory");
    return memory;
  }
}

function requireExports(module: CompiledModule): void {
  const exported = exportsOf(module);
  if (!exported.includes(VERSION))
    throw new HostFault(`the module does not export ${VERSION}, the one version this host has`);
  if (!exported.includes("malloc") && !exported.includes("proxy_on_memory_allocate"))
    throw new HostFault("the module exports neither malloc nor proxy_on_memory_allocate");
}

function functionsOf(border: Border) {
  return {
    ...headerFunctions(border),
    ...bufferFunctions(border),
    ...streamFunctions(border),
    ...propertyFunctions(border),
    ...sharedDataFunctions(border),
    ...metricFunctions(border),
    ...callFunctions(border),
    ...timerFunctions(border),
    ...foreignFunctions(border),
    ...logFunctions(border),
    ...clockFunctions(border),
    ...randomFunctions(border),
    ...environmentFunctions(border),
  };
}
