import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bytesOf } from "../../compiler/host/byte-text.js";
import { compileModule } from "../../compiler/host/engine.js";
import { HostFault } from "../../compiler/host/fault.js";
import { Host, pluginOf } from "../../compiler/host/host.js";
import { until } from "../e2e/support/until.js";
import { openRaw } from "../support/http.js";
import { type ListenerSetting, VM_CONFIGURATION } from "./support/envoy-config.js";
import { type Probes, startProbes } from "./support/envoy-side.js";
import { compileProbe } from "./support/probe.js";
import {
  type Answered,
  ask,
  begin,
  linesSince,
  pinBoth,
  pinned,
  request,
  requestText,
  runProbe,
  said,
} from "./support/workers.js";

const CALL = "call callout  9000 | :method=GET :path=/ :authority=c";
const reloading = (interval: string) => ({
  failure_policy: "FAIL_RELOAD",
  reload_config: { backoff: { base_interval: interval } },
});
const BACKOFF_MS = 10;
const fast = reloading(`${BACKOFF_MS / 1000}s`);
const MILLISECOND = 1_000_000n;

const settings: ListenerSetting[] = [
  { name: "calling", rootScript: `configure ${CALL};answer status;answer size 6` },
  {
    name: "ticking",
    rootScript: `configure tick 1;tick tick 0;tick ${CALL};answer.1 ${CALL};tick reply 403 x y -1;answer status`,
  },
  { name: "shared" },
  { name: "fast", plugin: "fast", config: fast },
  { name: "slow", plugin: "slow", config: reloading("3600s") },
  { name: "phases", config: fast },
  { name: "stranded", config: fast },
  { name: "unstarted", plugin: "unstarted", rootScript: "start return-if broken 0", config: fast },
  { name: "refusing", plugin: "refusing", rootScript: "configure return-if broken 0", config: fast },
  { name: "trapping", plugin: "trapping", rootScript: "configure trap-if broken", config: fast },
  { name: "one", vmId: "twins", rootScript: "start recall who;configure remember who one" },
  { name: "two", vmId: "twins", rootScript: "start recall who;configure recall who" },
  { name: "refused-late", rootScript: "configure return-if late 0;configure shared-set late x 0" },
  { name: "trapped-late", rootScript: "configure trap-if late;configure shared-set late x 0", config: fast },
];
const rootScriptOf = (name: string) => settings.find((setting) => setting.name === name)?.rootScript ?? "";

let probes: Probes;
beforeAll(async () => {
  probes = await startProbes(settings, 2);
});
afterAll(() => probes?.stop());

/** Lines of each of Envoy's threads: the main thread first. */
async function linesByThread(listener: string, isComplete: (lines: readonly string[]) => boolean): Promise<string[][]> {
  return until("each thread to be done", () => {
    const lines = new Map<number, string[]>([[probes.envoy.pid, []]]);
    for (const { thread, text } of said(probes, listener)) lines.set(thread, [...(lines.get(thread) ?? []), text]);
    return lines.size === 3 && [...lines.values()].every(isComplete) && [...lines.values()];
  });
}

function inParts(lines: readonly string[], count: number): string[][] {
  const size = lines.length / count;
  return Array.from({ length: count }, (_, index) => lines.slice(index * size, (index + 1) * size));
}

const requests = (...calls: string[]) => calls.map((call) => `request-headers ${call}`).join(";");

describe("each VM of a plugin", () => {
  const answered = (lines: readonly string[], count: number) =>
    lines.filter((line) => line.startsWith("> answer")).length === count && lines.at(-1)?.startsWith(">") === false;
  const answer = [
    [":status", "200"],
    ["content-length", "0"],
    ["connection", "keep-alive"],
    ["x-envoy-upstream-service-time", "0"],
  ] as const;

  it("is told by itself, and the one on trial gets no answers to its calls", async () => {
    const [main = [], ...workers] = await linesByThread("calling", (lines) => answered(lines, 1));
    const { host } = await runProbe({ vmId: "calling", rootScript: rootScriptOf("calling") });
    const [trial, ...started] = inParts(linesSince(host, 0), 4);
    const before = host.log.length;
    const calls = [...host.calls.pending];
    for (const call of calls) call.answer(answer);
    expect(calls).toHaveLength(3);
    const told = inParts(linesSince(host, before), 3).map((lines, index) => [...(started[index] ?? []), ...lines]);
    expect([[...(trial ?? []), ...(told[0] ?? [])], told[1], told[2]]).toEqual([main, ...workers]);
  });

  it("has ticks and side calls on the main thread, too, but not on trial", async () => {
    const envoy = await linesByThread("ticking", (lines) => answered(lines, 2));
    const { host } = await runProbe({ vmId: "ticking", rootScript: rootScriptOf("ticking") });
    const [trial, ...started] = inParts(linesSince(host, 0), 4);
    let before = host.log.length;
    const later: string[][] = [[], [], []];
    const keep = () => {
      for (const [index, lines] of inParts(linesSince(host, before), 3).entries()) later[index]?.push(...lines);
      before = host.log.length;
    };
    host.advance(5n * MILLISECOND);
    keep();
    for (let round = 0; round < 2; round++) {
      for (const call of host.calls.pending.slice(0, 3)) call.answer(answer);
      keep();
    }
    const [main, ...workers] = started.map((lines, index) => [...lines, ...(later[index] ?? [])]);
    expect([[...(trial ?? []), ...(main ?? [])], ...workers]).toEqual(envoy);
  });

  it("has memory of its own, and shares data and metrics", async () => {
    const steps: [worker: 0 | 1, script: string][] = [
      [0, requests("remember who first", "shared-get key", "shared-set key one 0", "shared-get key")],
      [1, requests("recall who", "shared-get key", "remember who second")],
      [0, requests("shared-hold key", "recall who")],
      [1, requests("shared-set key two 0")],
      [0, requests("shared-set-held key three", "shared-get key")],
      [0, requests("shared-hold key", "shared-set-held key four")],
      [1, requests("shared-get key", "shared-hold key")],
      [0, requests("shared-set other x 0")],
      [1, requests("shared-set-held key five", "shared-get key")],
      [0, requests("metric 0 both", "metric-add #0 5", "metric 1 level", "metric-record #1 7")],
      [1, requests("metric 0 both", "metric-add #0 2", "metric-get #0", "metric 1 level", "metric-get #1")],
      [0, requests("metric-get #0", "tick 0", "effective root")],
    ];
    const pair = await pinBoth(probes, "shared");
    const running = await runProbe({ vmId: "shared" });
    // Each connection was found by a request.
    request(running, 0, "");
    request(running, 1, "");
    const seen: Answered[] = [];
    for (const [worker, script] of steps) seen.push(await ask(probes, "shared", pair[worker], script));
    expect(steps.map(([worker, script]) => request(running, worker, script))).toEqual(seen);
    const lines = seen.flatMap(({ lines }) => lines);
    expect(lines).toContain("shared-set-held key three = 8");
    expect(lines).toContain("metric-get #0 = 0 7");
  });
});

describe("a VM of two plugins", () => {
  it("has a root for each, and one memory", async () => {
    const isComplete = (lines: readonly string[]) => lines.at(-1) === 'recall who = "one"';
    const [main, ...workers] = await linesByThread("twins", isComplete);
    const probe = compileModule(await compileProbe());
    const started = (...names: string[]) => {
      const host = new Host();
      const vm = host.start(probe, { vmId: "twins", configuration: VM_CONFIGURATION });
      return names.map((name) => {
        const before = host.log.length;
        expect(vm.configure(pluginOf({ name: "probe", configuration: rootScriptOf(name) }))).toBeDefined();
        return linesSince(host, before);
      });
    };
    const [[one = [], two = []], [trialOfOne = []], [trialOfTwo = []]] = [
      started("one", "two"),
      started("one"),
      started("two"),
    ];
    expect(workers).toEqual([
      [...one, ...two],
      [...one, ...two],
    ]);
    expect(main).toEqual([...trialOfOne, ...one, ...trialOfTwo, ...two]);
  });
});

describe("a VM that trapped", () => {
  const breaks = requests("shared-set k v 0", "remember a b", "metric 0 kept", "metric-add #0 5", "trap");
  const looks = requests("recall a", "shared-get k", "metric 0 kept", "metric-get #0");
  const reloadsOf = async (plugin: string) => {
    const stats = await probes.envoy.admin.stats(`^wasm\\.${plugin}\\.vm_reload_`);
    const of = (name: string) => stats.get(`wasm.${plugin}.vm_reload_${name}`);
    return { success: of("success"), failure: of("failure"), backoff: of("backoff") };
  };

  it("is replaced with the next request, and only on its worker", async () => {
    const [broken, whole] = await pinBoth(probes, "fast");
    const envoy = [await ask(probes, "fast", broken, breaks), await ask(probes, "fast", whole, looks)];
    envoy.push(
      await until("the new VM", async () => {
        const answered = await ask(probes, "fast", broken, looks);
        return answered.status === 200 && answered;
      }),
      await ask(probes, "fast", broken, looks),
    );
    const running = await runProbe({ vmId: "fast", reloadBackoff: BACKOFF_MS });
    request(running, 0, "");
    request(running, 1, "");
    const embedded = [request(running, 0, breaks), request(running, 1, looks)];
    running.host.advance(15n * MILLISECOND);
    embedded.push(request(running, 0, looks), request(running, 0, looks));
    expect(embedded).toEqual(envoy);
    expect(running.threads.workers.map(({ reloads }) => reloads.success)).toEqual([1, 0]);
    expect((await reloadsOf("fast")).success).toBe(1);
  });

  it.each([...["create", "request-headers", "response-headers", "response-body", "log", "done", "delete"]])(
    "answers as Envoy's does where it traps in `%s`",
    async (phase) => {
      const listener = "phases";
      const [one] = await pinned(probes, listener, () => true);
      const script = `${phase} trap;request-headers property x`;
      const envoy = await ask(probes, listener, one, script);
      const again = await until("a new VM", async () => {
        const [other] = await pinned(probes, listener, ({ worker }) => worker === one.worker);
        return ask(probes, listener, other, "");
      });
      const running = await runProbe({ vmId: listener, reloadBackoff: BACKOFF_MS });
      const embedded = request(running, 0, script);
      expect(embedded).toEqual(envoy);
      running.host.advance(15n * MILLISECOND);
      // The request by which Envoy's connection was found has made its new VM.
      expect(request(running, 0, "").lines.slice(-again.lines.length)).toEqual(again.lines);
    },
  );

  it("answers 503 while the latest start is too recent", async () => {
    const [broken] = await pinBoth(probes, "slow");
    const envoy = [await ask(probes, "slow", broken, breaks), await ask(probes, "slow", broken, looks)];
    const running = await runProbe({ vmId: "slow", reloadBackoff: 3_600_000 });
    request(running, 0, "");
    running.host.advance(3_599_999n * MILLISECOND);
    expect([request(running, 0, breaks), request(running, 0, looks)]).toEqual(envoy);
    expect(running.threads.workers[0]?.reloads).toEqual(await reloadsOf("slow"));
    expect(envoy[1]).toEqual({ status: 503, lines: [] });
  });

  it("stays where nothing was said of reloading", async () => {
    const running = await runProbe({ vmId: "closed" });
    request(running, 0, requests("trap"));
    running.host.advance(1_000_000n * MILLISECOND);
    expect(request(running, 0, "")).toEqual({ status: 503, lines: [] });
  });

  it("is tried again at some time between the back-off and one and a half of it", async () => {
    for (let round = 0; round < 20; round++) {
      const running = await runProbe({ vmId: "chance", reloadBackoff: 1000 });
      request(running, 0, requests("trap"));
      running.host.advance(1000n * MILLISECOND - 1n);
      expect(request(running, 0, "").status).toBe(503);
      running.host.advance(500n * MILLISECOND);
      expect(request(running, 0, "").status).toBe(200);
    }
  });

  it.each(["unstarted", "refusing", "trapping"])(
    "is kept if the new one fails as it does in `%s`",
    async (listener) => {
      const script = requests("shared-set broken x 0", "trap");
      const [broken] = await pinBoth(probes, listener);
      const envoy = [await ask(probes, listener, broken, script)];
      envoy.push(
        await until("a try", async () => {
          const answered = await ask(probes, listener, broken, "");
          return answered.lines.length > 0 && answered;
        }),
      );
      const running = await runProbe({ vmId: listener, rootScript: rootScriptOf(listener), reloadBackoff: BACKOFF_MS });
      request(running, 0, "");
      const embedded = [request(running, 0, script)];
      running.host.advance(15n * MILLISECOND);
      embedded.push(request(running, 0, ""));
      expect(embedded).toEqual(envoy);
      expect(envoy[1]?.status).toBe(503);
      expect(running.threads.workers[0]?.reloads.failure).toBe(1);
      expect((await reloadsOf(listener)).failure).toBeGreaterThanOrEqual(1);
    },
  );

  it("strands the streams that wait, and answers 503 to those that go on", async () => {
    const listener = "stranded";
    const waits = requests(CALL, "return 4");
    const [waiting] = await pinned(probes, listener, () => true);
    const [going] = await pinned(probes, listener, ({ worker }) => worker === waiting.worker);
    const [trapping] = await pinned(probes, listener, ({ worker }) => worker === waiting.worker);
    probes.callout.answer("never");
    waiting.connection.send(requestText(waits));
    await until("the call", () => probes.callout.heard());
    const at = probes.envoy.log.end;
    going.connection.send(requestText("", { path: "/up", more: "content-length: 4\r\n" }));
    await until("the request", () => said(probes, listener, at).some(({ text }) => text.startsWith("> request")));
    const trapped = await ask(probes, listener, trapping, requests("trap"));
    const [log, output] = [probes.envoy.log.end, probes.envoy.output.end];
    probes.callout.release();
    going.connection.send("body");
    const { status } = await going.connection.response();
    waiting.connection.close();
    await until("both to end", () => probes.envoy.output.text(output).split("\n").length > 2);

    const running = await runProbe({ vmId: listener, reloadBackoff: BACKOFF_MS });
    const held = begin(running.threads, 0, waits, true);
    const open = begin(running.threads, 0, "", false);
    const embedded = request(running, 0, requests("trap"));
    const before = running.host.log.length;
    running.host.calls.pending[0]?.answer([[":status", "200"]]);
    open.requestData(bytesOf("body"), true);
    expect([embedded.status, open.answer.headers?.get(":status")]).toEqual([trapped.status, String(status)]);
    expect([held.isHeld("request"), held.answer.headers]).toEqual([true, undefined]);
    held.finish();
    open.finish();
    expect([linesSince(running.host, before), embedded.lines.at(-1)]).toEqual([
      said(probes, listener, log).map(({ text }) => text),
      trapped.lines.at(-1),
    ]);
  });
});

describe("a configuration", () => {
  it.each(["refused-late", "trapped-late"])(
    "that is not taken after the trial, as in `%s`, opens the door in Envoy",
    async (listener) => {
      const reply = await openDoor(listener);
      expect(reply).toEqual({ status: 200, streams: 0 });
      const late = runProbe({ vmId: listener, rootScript: rootScriptOf(listener) });
      await expect(late).rejects.toThrow(HostFault);
    },
  );

  async function openDoor(listener: string): Promise<{ status: number; streams: number }> {
    const connection = await openRaw({ port: probes.ports.get(listener) ?? 0 });
    const output = probes.envoy.output.end;
    connection.send(requestText("request-headers reply 403 x y -1"));
    const { status } = await connection.response();
    connection.close();
    await until("the access log", () => probes.envoy.output.text(output).includes("\n"));
    return { status, streams: said(probes, listener).filter(({ text }) => text.includes("stream")).length };
  }

  it("that is refused on trial refuses the listener", async () => {
    await expect(runProbe({ vmId: "x", rootScript: "configure return 0" })).rejects.toThrow(
      "refused its configuration",
    );
  });
});

describe("a listener that goes", () => {
  it("tells each VM but that on trial", async () => {
    const log = probes.envoy.log.end;
    await probes.envoy.stop();
    const envoy = said(probes, "shared", log).map(({ text }) => text);
    const { host, threads } = await runProbe({ vmId: "shared" });
    const before = host.log.length;
    threads.shutDown();
    expect(linesSince(host, before)).toEqual(envoy);
    expect(envoy).toHaveLength(6);
    host.advance(MILLISECOND);
  });
});
