import { Agent } from "node:http";
import { load } from "js-yaml";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { request } from "../../../test/support/http.js";
import {
  type Bench,
  capabilitiesIn,
  capabilitiesOf,
  watchedListeners,
  withModuleText,
} from "../../../test/support/lone-module.js";
import { type LoneTracing, openLoneTracing } from "../../../test/support/lone-tracing.js";
import type { Upstream } from "../../../test/support/upstream.js";

// Several configurations of tracing.wasm in one Envoy, beside each other and one after another.

const sampled = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };

let lone: LoneTracing;
let bench: Bench;
let collector: Upstream;
let alone = "";

beforeAll(async () => {
  lone = await openLoneTracing();
  ({ bench, collector, alone } = lone);
});
afterEach(() => lone.renew());
afterAll(() => lone?.close());

const serve = (configText: string, concurrency?: number) => lone.serve(configText, concurrency);
const spans = () => lone.spans();
const arrived = (count: number) => lone.arrived(count);

describe("two listeners that share a VM", () => {
  it("have policies and collectors of their own", async () => {
    const whole = z.looseObject({
      static_resources: z.looseObject({ listeners: z.array(z.looseObject({ name: z.string() })) }),
    });
    const second = withModuleText(
      alone,
      "tracing",
      JSON.stringify({
        version: 1,
        results: "filterState",
        consumers: [],
        exporters: [
          { cluster: "collector", authority: "second", path: "/v1/traces", format: "otlp", service: "second" },
        ],
        policies: [{ name: "second", tracing: { propagate: ["b3"], ratio: 0, perSecond: 10, export: 0 } }],
        routes: [{ name: "*", run: ["second"] }],
      }),
    );
    const config = whole.parse(load(alone));
    const [other] = whole.parse(JSON.parse(second)).static_resources.listeners;
    if (other === undefined) throw new Error("there is no listener");
    config.static_resources.listeners.push({ ...other, name: "second" });
    const { envoy } = await serve(JSON.stringify(config));
    const listeners = await envoy.listeners();
    const urlOf = (name: string) => {
      const listener = listeners.find((one) => one.name === name);
      return `http://${listener?.address}:${listener?.port}`;
    };
    for (let index = 0; index < 4; index++) {
      await request(urlOf("public"), { headers: sampled, agent: new Agent() });
      await request(urlOf("second"), { headers: sampled, agent: new Agent() });
    }
    const of = (path: string) =>
      collector.received.filter(({ url }) => url === path).map(({ body }) => body.toString());
    const count = (bodies: readonly string[], pattern: RegExp) => bodies.join("").match(pattern)?.length ?? 0;
    await vi.waitFor(
      () => {
        expect(count(of("/api/v2/spans"), /"serviceName":"shop"/g)).toBe(8);
        expect(count(of("/v1/traces"), /"spanId"/g)).toBe(8);
      },
      { timeout: 20_000, interval: 100 },
    );
    expect(of("/v1/traces").every((body) => body.includes('{"stringValue":"second"}'))).toBe(true);
  });
});

describe("the files", () => {
  it("let the module do what it imports and be called as it exports, but write no header and answer nothing", async () => {
    const withheld = ["proxy_remove_header_map_value", "proxy_replace_header_map_value"];
    expect(capabilitiesIn(alone, "tracing")).toEqual(
      (await capabilitiesOf("tracing.wasm")).filter((name) => !withheld.includes(name)),
    );
  });

  it("are taken by --mode validate, and garbage in the place of a configuration is not", async () => {
    expect(await bench.validate(alone)).toEqual({ ok: true });
    const garbage: [string, string][] = [
      ["", "there is no configuration"],
      ["{", "the configuration is not strict JSON"],
      ['{"version":1}', "results: is missing"],
    ];
    for (const [text, message] of garbage)
      expect(await bench.validate(withModuleText(alone, "tracing", text)), text).toMatchObject({
        ok: false,
        findings: expect.arrayContaining([expect.stringContaining(message)]),
      });
  });
});

describe("a new configuration in a running Envoy", () => {
  it.each([
    ["in a new VM", '"2"'],
    ["in the same VM", '"1"'],
  ])("%s holds at once, and spans go on to come", async (_, next) => {
    const { text, put } = await watchedListeners(bench, alone);
    const { url } = await serve(text);
    await request(url, { headers: sampled });
    await arrived(2);
    await put(
      alone
        .replace('StringValue, value: "1"', `StringValue, value: ${next}`)
        .replace('"service": "shop"', '"service": "second"'),
    );
    const services = () => new Set(spans().map(({ localEndpoint }) => localEndpoint.serviceName));
    await vi.waitFor(
      async () => {
        await request(url, { headers: sampled, agent: new Agent() });
        expect(services()).toContain("second");
      },
      { timeout: 20_000, interval: 300 },
    );
    collector.clear();
    for (let index = 0; index < 20; index++) await request(url, { headers: sampled, agent: new Agent() });
    await arrived(40);
    expect([...services()]).toEqual(["second"]);
  });
});
