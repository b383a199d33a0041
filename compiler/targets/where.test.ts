import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readYaml } from "../envoy/print.js";
import { compile, shown } from "../index.js";
import { refined } from "./refine.js";
import { pathOfLine, pathText, readPath } from "./where.js";

const POLICY = join("examples", "quickstart", "policy.yaml");
const GOLDEN = readFileSync(join("examples", "quickstart", "golden", "envoy.yaml"), "utf8");

const RESOURCES = `# a comment
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: shop
spec:
  http:
    - name: orders
      timeout: 2s
    - name: rest
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata:
  name: shop
---
kind: Gateway
metadata:
  name: shop.inner
`;

describe("the place of a line", () => {
  it.each([
    [1, undefined],
    [3, [0, "apiVersion"]],
    [9, [0, "spec", "http", 0, "name"]],
    [10, [0, "spec", "http", 0, "timeout"]],
    [11, [0, "spec", "http", 1, "name"]],
    [16, [1, "metadata", "name"]],
    [99, undefined],
  ])("line %i of several documents", (line, path) => expect(pathOfLine(RESOURCES, line)).toEqual(path));

  it("leads to a value in lines of a whole configuration", () => {
    const lines = GOLDEN.split("\n");
    const root = readYaml(GOLDEN);
    for (const [index, line] of lines.entries()) {
      if (index % 11 !== 0 || line === "" || line.startsWith("#")) continue;
      const path = pathOfLine(GOLDEN, index + 1) ?? [];
      expect(path.length, `line ${index + 1}`).toBeGreaterThan(0);
      expect(path.reduce(child, root), `${index + 1}: ${line}`).toBeDefined();
    }
  });
});

function child(value: unknown, step: string | number): unknown {
  return typeof value === "object" && value !== null
    ? Object.entries(value).find(([key]) => key === `${step}`)?.[1]
    : undefined;
}

describe("a path that is written", () => {
  it.each([
    ["static_resources.clusters[0].name", ["static_resources", "clusters", 0, "name"]],
    ["VirtualService/shop.spec.http[1].name", [0, "spec", "http", 1, "name"]],
    ["Gateway/shop", [1]],
    ["Gateway/shop.inner.spec", [2, "spec"]],
    ["Gateway/shop.other.spec", [1, "other", "spec"]],
    ["Gateway/other.spec", undefined],
    ["a..b", undefined],
    ["a[x]", undefined],
  ])("%s", (text, path) => expect(readPath(text, RESOURCES)).toEqual(path));

  it("is printed as it is read", () => {
    const path = ["static_resources", "clusters", 0, "name"];
    expect(readPath(pathText(path), GOLDEN)).toEqual(path);
  });
});

describe("what a field is made from", () => {
  it.each([
    ["static_resources.clusters[0].connect_timeout", "  orders: { endpoints: [127.0.0.1:9001] }"],
    ["static_resources.listeners[0].address", "  public: { address: 127.0.0.1:8080 }"],
    ["node.id", "name: shop"],
  ])("%s", async (text, line) => {
    const { emission } = await compile(POLICY, "envoy");
    const span = emission?.where["envoy.yaml"]?.(readPath(text, GOLDEN) ?? []);
    expect(span?.source.line(span.source.position(span.start).line)).toBe(line);
  });

  it.each([
    ["envoy", "routes[1].direct_response.status", '  respond: { status: 200, body: "ok\\n" }', "status"],
    ["envoy", "routes[2].route.timeout", "timeout: 2s", "timeout"],
    ["envoy", "routes[2].route.cluster", "- name: orders", "{"],
    ["istio", "pluginConfig.policies[1].authorize.rules[2].deny[1]", "no-writes-on-free", "deny"],
    ["istio", "pluginConfig.consumers[0].tier", "acme:", "tier"],
  ] as const)("of %s, %s, is the part of it with that name, or the whole", async (target, end, line, word) => {
    const { emission } = await shown(POLICY, target);
    const before = {
      envoy: "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0].",
      istio: "WasmPlugin/shop.guard.spec.",
    }[target];
    const [artifact] = emission?.artifacts ?? [];
    const path = readPath(`${before}${end}`, artifact?.contents ?? "") ?? [];
    const whole = emission?.where[artifact?.path ?? ""]?.(path);
    if (whole === undefined) throw new Error(`nothing is at ${end}`);
    const span = refined(whole, path);
    expect(span.source.line(span.source.position(span.start).line)).toContain(line);
    expect(span.source.text.slice(span.start)).toMatch(word === "{" ? /^name: orders/ : new RegExp(`^${word}:`));
  });

  it("is nothing for a field that is not there", async () => {
    const { emission } = await compile(POLICY, "envoy");
    expect(emission?.where["envoy.yaml"]?.(["static_resources", "nowhere"])).toBeUndefined();
  });
});
