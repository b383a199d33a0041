import { utf8Of } from "./byte-text.js";
import { Calls } from "./calls.js";
import { ManualClock } from "./clock.js";
import type { Plugin, RootContext } from "./context.js";
import { type CompiledModule, compileModule } from "./engine.js";
import type { LogLine } from "./log.js";
import { Metrics } from "./metrics.js";
import { type Random, seededRandom } from "./random.js";
import { SharedData } from "./shared-data.js";
import { type PluginSetting, Threads } from "./threads.js";
import type { Ticker } from "./timers.js";
import { Vm } from "./vm.js";

export interface HostOptions {
  /** Moved by `advance`. */
  readonly clock?: ManualClock;
  readonly random?: Random;
  readonly sharedData?: SharedData;
  readonly metrics?: Metrics;
  /** Clusters that modules can call. */
  readonly clusters?: Iterable<string>;
  /** Lowest level of log lines that are kept; 0 trace to 5 critical. Default 2, info. */
  readonly logLevel?: number;
  /** Gets each of them, and then none is kept. */
  readonly onLog?: (line: LogLine) => void;
}

/** What real clocks say, in nanoseconds. */
export interface Moment {
  readonly monotonic: bigint;
  /** Since 1970. */
  readonly wall: bigint;
}

/** `vm_config` and `capability_restriction_config` of a Wasm filter. */
export interface VmConfig {
  readonly vmId?: string;
  readonly configuration?: string | Uint8Array;
  /** Byte texts by name, in the order in which the module sees them. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Names of callbacks and host calls; all are allowed where it is left out. */
  readonly capabilities?: Iterable<string>;
  /** A host call that is not allowed is a fault, or fails as it does in Envoy. Default `fault`. */
  readonly restricted?: "fault" | "stub";
  /** Is told of every host call; a number that it returns is returned in its place. For tests of failing hosts. */
  readonly intercept?: (name: string) => number | undefined;
  /** Is told of every callback that is entered. For tests of what a request costs. */
  readonly entered?: (name: string) => void;
}

/**
 * What all VMs of a process share: time, shared data, metrics, calls to services, the log. It is made for tests: deterministic,
 * single-threaded, and strict. What it does not model throws HostFault. Whoever serves with it lets it `follow` a real clock.
 */
export class Host {
  readonly clock: ManualClock;
  readonly sharedData: SharedData;
  readonly metrics: Metrics;
  readonly calls: Calls;
  readonly log: LogLine[] = [];
  private readonly random: Random;
  private readonly logLevel: number;
  private readonly onLog: (line: LogLine) => void;
  private readonly vms: Vm[] = [];

  constructor(options: HostOptions = {}) {
    this.clock = options.clock ?? new ManualClock();
    this.random = options.random ?? seededRandom(1);
    this.sharedData = options.sharedData ?? new SharedData();
    this.metrics = options.metrics ?? new Metrics();
    this.calls = new Calls(options.clusters);
    this.logLevel = options.logLevel ?? 2;
    this.onLog = options.onLog ?? ((line) => void this.log.push(line));
  }

  /**
   * A new VM of a module, as each worker has one.
   * @param module bytes, or what `compileModule` made of them
   * @throws Error for a module that Envoy refuses; HostFault for one of another version of the ABI
   */
  start(module: Uint8Array | CompiledModule, config: VmConfig = {}): Vm {
    const vm = this.create(module, config);
    this.vms.push(vm);
    return vm;
  }

  /**
   * Runs a plugin as Envoy does. A VM on trial is configured first, and thrown away: it has no ticks, gets no answers to its calls and is not
   * told of its end. Then come the main thread and the workers, each with its own VM.
   * @returns undefined if the VM on trial refuses, or traps: Envoy then refuses the listener
   * @throws as `start`; HostFault if a thread refuses later
   */
  run(setting: PluginSetting): Threads | undefined {
    const { plugin, vm: config } = setting;
    const module = setting.module instanceof Uint8Array ? compileModule(setting.module) : setting.module;
    const trial = this.create(module, config);
    const accepted = trial.configure(plugin) !== undefined;
    this.retire(trial);
    if (!accepted) return undefined;
    return new Threads(setting, {
      clock: this.clock,
      random: this.random,
      start: () => this.start(module, config),
      retire: (vm) => this.retire(vm),
    });
  }

  private create(module: Uint8Array | CompiledModule, config: VmConfig = {}): Vm {
    const compiled = module instanceof Uint8Array ? compileModule(module) : module;
    return new Vm(compiled, {
      environment: {
        clock: this.clock,
        random: this.random,
        sharedData: this.sharedData,
        metrics: this.metrics,
        calls: this.calls,
        log: { level: this.logLevel, write: this.onLog },
        variables: new Map(Object.entries(config.environment ?? {})),
        vmId: config.vmId ?? "",
        vmConfiguration: utf8Of(config.configuration ?? ""),
      },
      capabilities: config.capabilities === undefined ? undefined : new Set(config.capabilities),
      restricted: config.restricted ?? "fault",
      intercept: config.intercept ?? (() => undefined),
      entered: config.entered ?? (() => {}),
    });
  }

  /**
   * Moves time, and calls every tick that falls due on its way, in order of time, then of VM and root. Nanoseconds.
   * @param afterTick what happens at the time of each, such as answers to the calls that the module has made
   */
  advance(nanoseconds: bigint, afterTick: () => void = () => {}): void {
    const end = this.clock.monotonic() + nanoseconds;
    for (let due = this.nextTick(end); due !== undefined; due = this.nextTick(end)) {
      this.clock.advance(due.at - this.clock.monotonic());
      due.call();
      afterTick();
    }
    this.clock.advance(end - this.clock.monotonic());
  }

  /** Tells every root with a period that it is over, though no time has passed: for tests, in which time stands still. */
  tick(): void {
    for (const { vm, root } of this.tickers()) vm.tick(root);
  }

  /** Monotonic time of the next tick, in nanoseconds; undefined if no root has a period. */
  get nextDue(): bigint | undefined {
    return this.tickers()
      .map(({ ticker }) => ticker.due)
      .toSorted((one, other) => (one < other ? -1 : 1))[0];
  }

  /** Moves time to what real clocks say, as `advance` does. For hosts that serve. */
  follow({ monotonic, wall }: Moment): void {
    const passed = monotonic - this.clock.monotonic();
    if (passed > 0n) this.advance(passed);
    this.clock.setWall(wall);
  }

  /** A VM that takes no new streams: it gets no more ticks, and no answers to its calls. Streams that it has go on. */
  retire(vm: Vm): void {
    this.calls.cancelOf(vm);
    const index = this.vms.indexOf(vm);
    if (index >= 0) this.vms.splice(index, 1);
  }

  private tickers(): { vm: Vm; root: RootContext; ticker: Ticker }[] {
    const living = this.vms.filter((vm) => vm.failure === undefined);
    return living.flatMap((vm) =>
      vm.roots.flatMap((root) => (root.ticker === undefined ? [] : [{ vm, root, ticker: root.ticker }])),
    );
  }

  private nextTick(end: bigint): { at: bigint; call: () => void } | undefined {
    const [first] = this.tickers()
      .filter(({ ticker }) => ticker.due <= end)
      .toSorted((a, b) => (a.ticker.due < b.ticker.due ? -1 : 1));
    if (first === undefined) return undefined;
    const { vm, root, ticker } = first;
    return {
      at: ticker.due,
      call: () => {
        // Set before the call, so that the module can choose another period in it.
        ticker.due += ticker.period;
        vm.tick(root);
      },
    };
  }
}

/** A plugin with a configuration given as text. */
export function pluginOf({
  name = "",
  rootId = "",
  configuration = "",
}: {
  name?: string;
  rootId?: string;
  configuration?: string | Uint8Array;
}): Plugin {
  return { name, rootId, configuration: utf8Of(configuration) };
}
