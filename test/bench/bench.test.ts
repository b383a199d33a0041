import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runCommand } from "../../compiler/runtime/command.js";
import { requireEnvoy } from "../support/envoy.js";
import { chartOf } from "./chart.mjs";
import { CHART, LABELS, README, RESULTS, readmeWith, sectionOf } from "./results.mjs";
import { orderOf, roundOf, SliceGauge } from "./slices.mjs";
import { acceptRounds, compareVariants, quantile, welch } from "./statistics.mjs";

describe("statistics", () => {
  it("interpolates quantiles", () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([10, 20, 30, 40, 50], 0.25)).toBe(20);
  });

  it("leaves out rounds whose base is far from the median base", () => {
    const rounds = [{ bare: 100 }, { bare: 104 }, { bare: 96 }, { bare: 130 }];
    expect(acceptRounds(rounds, "bare", 0.15)).toEqual([{ bare: 100 }, { bare: 104 }, { bare: 96 }]);
    expect(acceptRounds([], "bare", 0.15)).toEqual([]);
  });

  it("tells by Welch's t whether two means lie apart", () => {
    expect(welch([1, 2, 3, 4], [1, 2, 3, 4]).t).toBe(0);
    // (2.5 - 5) / sqrt(5/3/4 + 20/3/4)
    expect(welch([1, 2, 3, 4], [2, 4, 6, 8]).t).toBeCloseTo(-1.732, 3);
  });

  it("compares within a round, so that a slow round does not count for a variant", () => {
    const rounds = [
      { bare: 100, native: 110, guard: 120 },
      { bare: 200, native: 210, guard: 220 },
      { bare: 150, native: 160, guard: 170 },
    ];
    const [guard] = compareVariants(rounds, ["guard"], { base: "bare", peer: "native" });
    expect(guard).toEqual({ name: "guard", total: 170, added: 20, p25: 20, p75: 20, ratio: 2 });
  });
});

describe("slices", () => {
  const slice = (proxy: number) => ({ proxy, spent: proxy, took: 1000, answers: 10 });

  it("are disturbed when the proxy has much less of its core than it can have", () => {
    const gauge = new SliceGauge();
    expect([980, 950, 700, 990].map((proxy) => gauge.isDisturbed("bare", slice(proxy)))).toEqual([
      false,
      false,
      true,
      false,
    ]);
  });

  it("are judged by what the proxy can have under the same variant", () => {
    const gauge = new SliceGauge();
    gauge.isDisturbed("bare", slice(990));
    expect(gauge.isDisturbed("ext_authz", slice(400))).toBe(false);
  });

  it("make up a round only if every variant has one", () => {
    expect(roundOf(new Map([["bare", [slice(900), slice(1000)]]]))).toEqual({ bare: 95 });
    expect(
      roundOf(
        new Map([
          ["bare", [slice(900)]],
          ["lua", []],
        ]),
      ),
    ).toBeUndefined();
  });

  it("give every variant every place", () => {
    const names = ["a", "b", "c"];
    const places = names.map(
      (name) => new Set(Array.from({ length: 6 }, (_, pass) => orderOf(names, pass).indexOf(name))),
    );
    expect(places.map((seen) => seen.size)).toEqual([3, 3, 3]);
  });
});

describe("what was measured", () => {
  it("is what README.md and the chart show", () => {
    const summary: unknown = JSON.parse(readFileSync(RESULTS, "utf8"));
    const readme = readFileSync(README, "utf8");
    expect(readmeWith(readme, sectionOf(summary))).toBe(readme);
    expect(readFileSync(CHART, "utf8")).toBe(chartOf(summary, LABELS));
  });
});

describe("npm run bench", () => {
  const script = fileURLToPath(new URL("run.mjs", import.meta.url));
  const run = async (...args: string[]) => {
    const { path } = await requireEnvoy();
    const env = { ...process.env, SLUICE_ENVOY: path };
    return runCommand(process.execPath, [script, ...args], { env, timeoutMs: 100_000 });
  };

  /** What takes minutes to build, or is measured with a process of its own. */
  const NOT_OURS = "rust_sdk,go_sdk,ext_authz_grpc,ext_authz";

  it("finds that all variants do the same, and reports each", { timeout: 120_000 }, async () => {
    const result = await run("--rounds", "1", "--seconds", "0.1", "--without", NOT_OURS, "--markdown");
    const errors = result.kind === "absent" ? result.reason : result.stderr;
    expect(result, errors).toMatchObject({ kind: "ended", code: 0 });
    const output = result.kind === "ended" ? result.stdout : "";
    for (const name of ["bare", "native", "guard", "lua", "as_sdk"])
      expect(output.split(`\n| ${name} |`)).toHaveLength(4);
    expect(output).toContain("proxy_get_header_map_pairs 1,");
  });

  it("finds that all that turn JSON into SOAP do the same", { timeout: 120_000 }, async () => {
    const result = await run("soap", "--rounds", "1", "--seconds", "0.1", "--markdown");
    const errors = result.kind === "absent" ? result.reason : result.stderr;
    expect(result, errors).toMatchObject({ kind: "ended", code: 0 });
    const output = result.kind === "ended" ? result.stdout : "";
    for (const name of ["buffer", "lua", "node_sidecar", "sluice"])
      expect(output.split(`\n| ${name} |`)).toHaveLength(3);
    expect(output).toMatch(
      /^The module alone turns JSON into SOAP with \d+ MB.*expat reads the larger answer with \d+ MB/m,
    );
  });

  it("finds that all tracers lead the trace on, and reports each", { timeout: 120_000 }, async () => {
    const result = await run("tracing", "--rounds", "1", "--seconds", "0.1", "--markdown");
    const errors = result.kind === "absent" ? result.reason : result.stderr;
    expect(result, errors).toMatchObject({ kind: "ended", code: 0 });
    const output = result.kind === "ended" ? result.stdout : "";
    for (const name of ["opentelemetry", "zipkin"]) expect(output.split(`\n| ${name} |`)).toHaveLength(3);
    for (const name of ["sluice_w3c", "sluice_b3"]) expect(output.split(`\n| ${name} |`)).toHaveLength(2);
    for (const name of ["sluice_otlp", "sluice_zipkin"]) expect(output.split(`\n| ${name} |`)).toHaveLength(3);
    expect(output).toContain("| requests/s |");
  });

  it("measures limits: what they cost, what they count and how long they make wait", { timeout: 120_000 }, async () => {
    const result = await run("limits", "--rounds", "1", "--seconds", "0.1", "--keys", "2000", "--markdown");
    const errors = result.kind === "absent" ? result.reason : result.stderr;
    expect(result, errors).toMatchObject({ kind: "ended", code: 0 });
    const output = result.kind === "ended" ? result.stdout : "";
    for (const name of ["known_native", "known_sluice", "native", "sluice", "known_1000_windows", "hot_leased"])
      expect(output.split(`\n| ${name} |`)).toHaveLength(2);
    // Neither depends on how fast the machine is.
    expect(output).toMatch(/^\| 2000 \| \d+ \| \d+ \| [\d.]+ \| [\d.]+ \| 0 \|$/m);
    expect(output.match(/^\| [124] \| \d+\/second burst \d+ \| \d+ \| \d+ \| \d+ \| 0 \|/gm)).toHaveLength(6);
    expect(await run("limits", "--part", "none")).toMatchObject({ kind: "ended", code: 3 });
  });

  it("measures tokens: what they cost, what further policies do, and how memory grows", {
    timeout: 120_000,
  }, async () => {
    const result = await run("jwt", "--rounds", "1", "--seconds", "0.1", "--tokens", "100", "--markdown");
    const errors = result.kind === "absent" ? result.reason : result.stderr;
    expect(result, errors).toMatchObject({ kind: "ended", code: 0 });
    const output = result.kind === "ended" ? result.stdout : "";
    expect(output.split("\n| sluice |")).toHaveLength(4);
    for (const policies of [3, 5, 8]) expect(output).toMatch(new RegExp(`^\\| ${policies} \\| `, "m"));
    expect(output).toMatch(/^\| 100 \| [\d.]+ \| /m);
    expect(await run("jwt", "--tokens", "none")).toMatchObject({ kind: "ended", code: 3 });
  });

  it("compares what refusals of secrets take", { timeout: 120_000 }, async () => {
    const result = await run("timing", "--samples", "2000", "--passwords", "20");
    const output = result.kind === "ended" ? result.stdout : "";
    // What so few samples say of times does not matter here.
    for (const name of ["apiKey", "hmac", "basic"])
      expect(output).toMatch(new RegExp(`^\\| ${name} \\| \\d+ \\|`, "m"));
    expect(await run("timing", "--part", "none")).toMatchObject({ kind: "ended", code: 1 });
  });

  it("refuses options that make no sense", async () => {
    expect(await run("soap", "--without", "buffer")).toMatchObject({ kind: "ended", code: 3 });
    expect(await run("--without", "native")).toMatchObject({ kind: "ended", code: 3 });
    expect(await run("--rounds", "none")).toMatchObject({ kind: "ended", code: 3 });
  });
});
