import type { Clock } from "./clock.js";
import type { Plugin, RootContext } from "./context.js";
import type { CompiledModule } from "./engine.js";
import { HostFault } from "./fault.js";
import type { VmConfig } from "./host.js";
import type { Random } from "./random.js";
import type { Stream, StreamOptions } from "./stream.js";
import type { Vm } from "./vm.js";

/** A plugin as a listener of Envoy has it, with one VM for each thread. */
export interface PluginSetting {
  /** Bytes, or what `compileModule` made of them. */
  readonly module: Uint8Array | CompiledModule;
  readonly vm?: VmConfig;
  readonly plugin: Plugin;
  /** Default 1. */
  readonly workers?: number;
  /** `failure_policy`: what a thread does whose VM trapped. Default `closed`: it answers 503 for ever. */
  readonly failurePolicy?: "closed" | "reload";
  /** `reload_config.backoff.base_interval` in milliseconds, 2 or more; default 1000. */
  readonly reloadBackoff?: number;
}

/** What the threads have of the host. */
export interface ThreadGround {
  readonly clock: Clock;
  readonly random: Random;
  start(): Vm;
  /** The VM is gone: no more ticks, and no answers to its calls. */
  retire(vm: Vm): void;
}

const NANOSECONDS = 1_000_000n;

/** A plugin on one thread of Envoy, through the traps of its VM (source/extensions/common/wasm/wasm.cc, `PluginConfig`; seen on 1.40). */
export class Thread {
  /** How often `vm_reload_success`, `vm_reload_failure` and `vm_reload_backoff` would have been counted for this thread. */
  readonly reloads = { success: 0, failure: 0, backoff: 0 };
  private readonly ground: ThreadGround;
  private readonly setting: PluginSetting;
  private loaded: { readonly vm: Vm; readonly root: RootContext };
  private lastLoad: bigint;

  /** @throws HostFault if the module refuses, or traps */
  constructor(setting: PluginSetting, ground: ThreadGround) {
    this.ground = ground;
    this.setting = setting;
    this.lastLoad = this.now();
    const loaded = this.load();
    if (loaded === undefined)
      throw new HostFault(
        "a thread refused the configuration that the trial VM had accepted; Envoy 1.40 then serves without the filter, whatever its failure policy",
      );
    this.loaded = loaded;
  }

  /** The one that streams go through now. */
  get vm(): Vm {
    return this.loaded.vm;
  }

  /** A new stream. Where the VM is gone, a new one is made first, unless the latest try is too recent. */
  stream(options: StreamOptions = {}): Stream {
    if (this.vm.failure !== undefined && this.setting.failurePolicy === "reload") this.reload();
    const { vm, root } = this.loaded;
    return vm.stream(options, root);
  }

  /** Tells the module that it is removed. */
  shutDown(): void {
    this.vm.shutDown();
    this.ground.retire(this.vm);
  }

  private reload(): void {
    const sinceLoad = (this.now() - this.lastLoad) / NANOSECONDS;
    if (sinceLoad < this.nextBackoff()) {
      this.reloads.backoff++;
      return;
    }
    this.lastLoad = this.now();
    const loaded = this.load();
    if (loaded === undefined) {
      this.reloads.failure++;
      return;
    }
    this.reloads.success++;
    this.ground.retire(this.vm);
    this.loaded = loaded;
  }

  private load(): { vm: Vm; root: RootContext } | undefined {
    const vm = this.ground.start();
    const root = vm.configure(this.setting.plugin);
    if (root !== undefined) return { vm, root };
    vm.shutDown();
    this.ground.retire(vm);
    return undefined;
  }

  /** Milliseconds; anew for each request that finds the VM gone (Envoy, `JitteredLowerBoundBackOffStrategy`). */
  private nextBackoff(): bigint {
    const base = BigInt(this.setting.reloadBackoff ?? 1000);
    const bytes = this.ground.random(8);
    return base + (new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getBigUint64(0, true) % (base / 2n));
  }

  private now(): bigint {
    return this.ground.clock.monotonic() ?? 0n;
  }
}

/** The VMs of a plugin that serve, and that of the main thread, which has ticks and calls but no streams. */
export class Threads {
  readonly main: Thread;
  readonly workers: readonly Thread[];

  constructor(setting: PluginSetting, ground: ThreadGround) {
    if ((setting.reloadBackoff ?? 1000) < 2) throw new RangeError("Envoy divides by 0 with a back-off below 2 ms");
    this.main = new Thread(setting, ground);
    this.workers = Array.from({ length: setting.workers ?? 1 }, () => new Thread(setting, ground));
  }

  /** As Envoy does when the listener goes. */
  shutDown(): void {
    for (const thread of [...this.workers, this.main]) thread.shutDown();
  }
}
