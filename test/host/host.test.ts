import { beforeAll, describe, expect, it } from "vitest";
import { bytesOf } from "../../compiler/host/byte-text.js";
import { ManualClock } from "../../compiler/host/clock.js";
import { type CompiledModule, compileModule } from "../../compiler/host/engine.js";
import { HostFault } from "../../compiler/host/fault.js";
import { Host, type HostOptions, pluginOf, type VmConfig } from "../../compiler/host/host.js";
import { NOT_HERE } from "../../compiler/host/imports.js";
import { seededRandom } from "../../compiler/host/random.js";
import type { StreamOptions } from "../../compiler/host/stream.js";
import type { Vm } from "../../compiler/host/vm.js";
import { compileProbe } from "./support/probe.js";
import { wat } from "./support/wat.js";

let probe: CompiledModule;
beforeAll(async () => {
  probe = compileModule(await compileProbe());
});

interface Started extends VmConfig {
  script?: string;
  host?: Host;
}

function started({ script = "", host = new Host(), ...config }: Started = {}): { host: Host; vm: Vm } {
  const vm = host.start(probe, config);
  expect(vm.configure(pluginOf({ configuration: script }))).toBeDefined();
  return { host, vm };
}

/** What the probe said to one request without a body. */
function said(host: Host, vm: Vm, script: string, options: StreamOptions = {}): string[] {
  const before = host.log.length;
  const stream = vm.stream(options);
  stream.requestHeaders(
    [
      [":method", "GET"],
      [":path", "/"],
      [":authority", "a"],
      ["x-script", script],
    ],
    true,
  );
  const lines = host.log.slice(before).map(({ text }) => text);
  return lines.filter((line) => !line.startsWith(">"));
}

describe("strictness", () => {
  it("faults where the module calls what the host does not have, or does not model", () => {
    const { host, vm } = started();
    const faults = [
      ...["sign", "set_envoy_filter_state", "declare_property", "expr_create", "expr_evaluate", "expr_delete"].map(
        (name) => `foreign ${name} x`,
      ),
      "property request/headers",
      "property xds/route_name",
      "property connection/mtls",
      "property filter_state/envoy.tcp_proxy.cluster",
      "body 8 0 10",
      "continue 0",
    ];
    for (const call of faults) expect(() => said(host, vm, `request-headers ${call}`), call).toThrow(HostFault);
    expect(vm.failure).toBeUndefined();
    expect(said(host, vm, "request-headers get 0 host")).toEqual(['get 0 host = 0 "a"']);
  });

  it("faults on a local reply at the end of a stream, which crashes Envoy", () => {
    const { vm } = started({ script: "log reply 403 x y -1" });
    expect(() => vm.stream({}).finish()).toThrow("Envoy 1.40 crashes");
  });

  it("faults on a call that the capabilities do not list, unless told to be as lenient as Envoy", () => {
    const capabilities = ["proxy_on_request_headers", "proxy_get_header_map_value", "proxy_log", "proxy_on_configure"];
    const strict = started({ capabilities: [...capabilities, "proxy_get_buffer_bytes"] });
    expect(() => said(strict.host, strict.vm, "request-headers pairs 0")).toThrow(
      "proxy_get_header_map_pairs, which its capabilities",
    );
    const lenient = started({ capabilities: [...capabilities, "proxy_get_buffer_bytes"], restricted: "stub" });
    expect(said(lenient.host, lenient.vm, "request-headers pairs 0")).toEqual(["pairs 0 = 10"]);
  });

  it("never calls what the capabilities do not list", () => {
    const { host, vm } = started({ capabilities: ["proxy_log", "proxy_get_buffer_bytes", "proxy_on_configure"] });
    const stream = vm.stream({});
    stream.requestHeaders([[":path", "/"]], true);
    stream.finish();
    expect(host.log.map(({ text }) => text)).toEqual(["> configure other 0"]);
    expect(stream.request.ended).toBe(true);
  });

  it("lets a module import what it does not call, and refuses what Envoy does not have", () => {
    const importing = (name: string) => wat(`(import "env" "${name}" (func $f (result i32)))`);
    expect(() => new Host().start(importing("proxy_grpc_call"))).not.toThrow();
    expect(() => new Host().start(importing("proxy_dictionary_get"))).toThrow("which Envoy does not have");
  });

  it.each([...NOT_HERE])("faults where a module calls %s, which Envoy has", (name) => {
    const from = /^(proxy|envoy)_/.test(name) ? "env" : "wasi_snapshot_preview1";
    const module = wat(
      `(import "${from}" "${name}" (func $f (result i32)))
       (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $f))`,
    );
    const vm = new Host().start(module);
    vm.configure(pluginOf({}));
    expect(() => vm.stream({}).requestHeaders([[":path", "/"]], true)).toThrow(
      new HostFault(`the module called ${name}, which this host does not have`),
    );
    expect(vm.failure, "a fault of the host is no trap").toBeUndefined();
  });

  it("faults on a call with a wrong number of parameters", () => {
    const module = wat(
      `(import "env" "proxy_log" (func $log (param i32) (result i32)))
       (func (export "proxy_on_configure") (param i32 i32) (result i32) (call $log (i32.const 0)))`,
    );
    expect(() => new Host().start(module).configure(pluginOf({}))).toThrow("with 1 parameters; it has 3");
  });

  it("takes modules of ABI 0.2.1 only, with a memory that can be given", () => {
    expect(() => new Host().start(wat("", { version: "0_1_0" }))).toThrow("proxy_abi_version_0_2_1");
    expect(() => new Host().start(wat("", { malloc: false }))).toThrow("malloc");
  });

  it("traps a module that calls the host from malloc", () => {
    const module = wat(
      `(import "env" "proxy_get_log_level" (func $level (param i32) (result i32)))
       (import "env" "proxy_get_buffer_bytes" (func $bytes (param i32 i32 i32 i32 i32) (result i32)))
       (func (export "malloc") (param i32) (result i32) (call $level (i32.const 0)))
       (func (export "proxy_on_configure") (param i32 i32) (result i32)
         (call $bytes (i32.const 7) (i32.const 0) (i32.const 9) (i32.const 0) (i32.const 4)))`,
      { malloc: false },
    );
    const vm = new Host().start(module);
    expect(vm.configure(pluginOf({ configuration: "something" }))).toBeUndefined();
    expect(vm.failure).toBe("proxy_on_configure: restricted_callback: proxy_get_log_level");
  });

  it("says that a call failed in the host, instead of taking it for a trap", () => {
    const { host, vm } = started({ host: new Host({ random: () => bytesOf("\u0100") }) });
    expect(() => said(host, vm, "request-headers random 4")).toThrow("random_get failed in the host");
  });
});

describe("configuration", () => {
  it("is refused by a module that returns 0 or traps", () => {
    const vm = new Host().start(probe);
    expect(vm.configure(pluginOf({ configuration: "configure return 0" }))).toBeUndefined();
    expect(vm.failure).toBeUndefined();
    expect(vm.configure(pluginOf({ configuration: "configure trap" }))).toBeUndefined();
    expect(vm.failure).toMatch(/^proxy_on_configure: /);
  });

  it("of several plugins in one VM is each its own", () => {
    const { host, vm } = started({ script: "request-headers log-level" });
    const second = vm.configure(pluginOf({ rootId: "second" }));
    const before = host.log.length;
    vm.stream({}, second).requestHeaders([["x-script", "request-headers property plugin_root_id"]], true);
    expect(host.log.slice(before).map(({ text }) => text)).toContain('property plugin_root_id = 0 "second"');
  });
});

describe("the world", () => {
  it("has time that moves only when it is moved, and ticks that fall due on its way", () => {
    const clock = new ManualClock({ monotonic: 5n, wall: 7n });
    const { host } = started({ host: new Host({ clock }), script: "configure tick 10;tick.2 tick 0" });
    host.advance(9_999_999n);
    const ticks = () => host.log.filter(({ text }) => text.startsWith("> tick")).length;
    expect([ticks(), clock.monotonic(), clock.wall()]).toEqual([0, 10_000_004n, 10_000_006n]);
    host.advance(1n);
    expect(ticks()).toBe(1);
    host.advance(1_000_000_000n);
    expect([ticks(), clock.monotonic()]).toEqual([2, 1_010_000_005n]);
    expect(() => clock.advance(-1n)).toThrow(RangeError);
  });

  it("ticks without time, does something after each tick, and knows when the next is due", () => {
    const clock = new ManualClock({ monotonic: 5n, wall: 7n });
    const { host } = started({ host: new Host({ clock }), script: "configure tick 10" });
    const ticks = () => host.log.filter(({ text }) => text.startsWith("> tick")).length;
    expect([ticks(), host.nextDue]).toEqual([0, 10_000_005n]);
    host.tick();
    expect([ticks(), clock.monotonic(), host.nextDue]).toEqual([1, 5n, 10_000_005n]);
    const seen: bigint[] = [];
    host.advance(25_000_000n, () => seen.push(clock.monotonic()));
    expect([ticks(), seen, host.nextDue]).toEqual([3, [10_000_005n, 20_000_005n], 30_000_005n]);
    expect(new Host().nextDue).toBeUndefined();
  });

  it("follows real clocks, of which one never goes back, and calls no tick of a VM that is retired", () => {
    const clock = new ManualClock({ monotonic: 5n, wall: 7n });
    const heard: string[] = [];
    const host = new Host({ clock, onLog: ({ text }) => heard.push(text) });
    const { vm } = started({ host, script: "configure tick 10" });
    const ticks = () => heard.filter((text) => text.startsWith("> tick")).length;
    host.follow({ monotonic: 20_000_005n, wall: 3n });
    expect([ticks(), clock.monotonic(), clock.wall()]).toEqual([2, 20_000_005n, 3n]);
    host.follow({ monotonic: 4n, wall: 9n });
    expect([ticks(), clock.monotonic(), clock.wall()]).toEqual([2, 20_000_005n, 9n]);
    host.retire(vm);
    host.follow({ monotonic: 99_000_000n, wall: 9n });
    expect([ticks(), host.log]).toEqual([2, []]);
  });

  it("has a wall clock that can be set without the other", () => {
    const clock = new ManualClock();
    const before = clock.monotonic();
    clock.setWall(3n);
    expect([clock.monotonic(), clock.wall()]).toEqual([before, 3n]);
  });

  it("gives the same random bytes for the same seed", () => {
    const [one, same, other] = [seededRandom(7), seededRandom(7), seededRandom(8)];
    const bytes = one(64);
    expect(same(64)).toEqual(bytes);
    expect(other(64)).not.toEqual(bytes);
    expect(one(64)).not.toEqual(bytes);
    expect(new Set(bytes).size).toBeGreaterThan(40);
  });

  it("is shared by the VMs of one name", () => {
    const { host, vm } = started({ vmId: "shop" });
    const colleague = started({ host, vmId: "shop" }).vm;
    const stranger = started({ host, vmId: "other" }).vm;
    said(
      host,
      vm,
      "request-headers shared-set key value 0;request-headers metric 0 calls;request-headers metric-add #0 2",
    );
    expect(said(host, colleague, "request-headers shared-get key")).toEqual(['shared-get key = 0 "value" versioned']);
    expect(said(host, stranger, "request-headers shared-get key")).toEqual(["shared-get key = 1"]);
    said(host, colleague, "request-headers metric 0 calls;request-headers metric-add #0 3");
    expect([host.metrics.counter("calls"), host.metrics.counter("none")]).toEqual([5n, undefined]);
  });

  it("lets another worker come between reading and writing", () => {
    const { host, vm } = started();
    said(host, vm, "request-headers shared-set key old 0");
    host.sharedData.beforeWrite = (key) => {
      host.sharedData.beforeWrite = () => {};
      host.sharedData.set("", key, bytesOf("theirs"), 0);
    };
    expect(said(host, vm, "request-headers shared-swap key mine")).toEqual(["shared-swap key mine = 0 8"]);
  });

  it("lets a test make a host call fail", () => {
    const host = new Host();
    const asked: string[] = [];
    const intercept = (name: string) => {
      asked.push(name);
      return name === "proxy_get_property" ? 10 : undefined;
    };
    const { vm } = started({ host, intercept });
    expect(said(host, vm, "request-headers property request/path")).toEqual(["property request/path = 10"]);
    expect(asked).toContain("proxy_get_property");
  });

  it("keeps no log lines below its level", () => {
    const quiet: HostOptions = { logLevel: 4 };
    expect(started({ host: new Host(quiet) }).host.log).toEqual([]);
  });
});

describe("calls", () => {
  const script =
    "request-headers call service ping 250 | :method=POST :path=/p :authority=s x-a=1;request-headers return 4;answer effective stream;answer continue 0";

  it("wait until the test answers them, and hold the stream until then", () => {
    const { host, vm } = started({ host: new Host({ clusters: ["service"] }) });
    const stream = vm.stream({});
    stream.requestHeaders(
      [
        [":method", "GET"],
        ["x-script", script],
      ],
      true,
    );
    const [call] = host.calls.pending;
    expect(call).toMatchObject({ cluster: "service", timeout: 250, body: bytesOf("ping"), trailers: [] });
    expect(call?.headers).toEqual([
      [":method", "POST"],
      [":path", "/p"],
      [":authority", "s"],
      ["x-a", "1"],
      ["content-length", "4"],
    ]);
    expect([stream.isHeld("request"), stream.request.headers]).toEqual([true, undefined]);
    call?.answer([[":status", "200"]]);
    expect([stream.isHeld("request"), stream.request.ended, host.calls.pending]).toEqual([false, true, []]);
    expect(() => call?.answer([[":status", "200"]])).toThrow("answered already");
  });
});
