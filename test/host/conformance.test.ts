import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cases } from "./cases.js";
import type { Observation } from "./support/case.js";
import { type EmbeddedSide, startEmbeddedSide } from "./support/embedded-side.js";
import { type EnvoySide, startEnvoySide } from "./support/envoy-side.js";

describe("the embedded host and Envoy", () => {
  let envoy: EnvoySide;
  let embedded: EmbeddedSide;

  beforeAll(async () => {
    envoy = await startEnvoySide();
    embedded = await startEmbeddedSide();
  });
  afterAll(() => envoy?.stop());

  // In order: later cases find what earlier ones left in shared data, and numbers that they took.
  it.each(Object.entries(cases))("agree on %s", async (_name, one) => {
    const seen = comparable(await envoy.observe(one));
    expect(comparable(embedded.observe(one))).toEqual(seen);
    expect(seen.lines.length > 1, "the probe ran").toBe(
      seen.details !== "wasm_fail_stream" || one.script.includes("trap"),
    );
  });

  it("agree on what a module is told and may do when it is configured", () => {
    const told = embedded.rootLines("root");
    expect(told.length).toBeGreaterThan(10);
    expect(envoy.rootLines("root").slice(0, told.length)).toEqual(told);
  });

  it("agree on the metrics that a module kept", async () => {
    const stats = await envoy.envoy.admin.stats("^wasmcustom\\.probe\\.");
    const { metrics } = embedded.host;
    expect(Object.fromEntries(stats)).toEqual({
      "wasmcustom.probe.counter": Number(metrics.counter("probe.counter")),
      "wasmcustom.probe.gauge": Number(metrics.gauge("probe.gauge")),
    });
  });

  it("are one VM and as many as there are workers, one for the main thread and one that is thrown away", () => {
    const configured = envoy.rootLines("root").filter((line) => line.startsWith("> configure"));
    expect(configured).toHaveLength(3);
  });
});

/** Without what is not the same twice: the date, and the milliseconds that a service took. */
function comparable(observation: Observation): Observation {
  const same = (line: string) =>
    line
      .replace(/"date"="[^"]*"/, '"date"="today"')
      .replace(/"x-envoy-upstream-service-time"="[0-9]+"/, '"x-envoy-upstream-service-time"="0"');
  return { ...observation, lines: observation.lines.map(same) };
}
