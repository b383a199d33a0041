import { beforeAll, describe, expect, it } from "vitest";
import { type CompiledModule, loadModule, ModuleVm } from "../../test/support/module-host.js";
import { consumers, partnersOnly } from "../../test/support/module-policies.js";
import { faultBySchema, isBeyond } from "../../test/support/module-schema.js";
import { exported, tracedBy, tracing, zipkinCollector } from "../../test/support/tracing.js";

// What guard.wasm refuses of tracing in its configuration, with the message that says where and why.

let guard: CompiledModule;
let auth: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
  auth = await loadModule("auth");
});

const withTracing = (more: Readonly<Record<string, unknown>>) => tracedBy(tracing(more));
const without = (member: string) => {
  const { [member]: _, ...rest } = { propagate: ["w3c"], ratio: 1, [member]: undefined };
  return tracedBy({ name: "trace", tracing: rest });
};
const withExporter = (more: Readonly<Record<string, unknown>>) =>
  exported({}, { exporters: [{ ...zipkinCollector, ...more }] });
const withTail = (when: unknown, noted: readonly unknown[] = []) => exported({ always: { noted, when } });
const withTag = (name: unknown, value: unknown = "a") => withTracing({ tags: [{ name, value }] });
const beside = (more: Readonly<Record<string, unknown>>) => tracedBy({ ...tracing(), ...more });
const text = (length: number) => "x".repeat(length);

const refusals: [string, unknown, string][] = [
  ["no object", tracedBy({ name: "trace", tracing: [] }), "policies[0].tracing: must be an object"],
  ["another member", withTracing({ sample: 1 }), "policies[0].tracing.sample: is not known here"],
  ["no ratio", without("ratio"), "policies[0].tracing.ratio: is missing"],
  ["no propagate", without("propagate"), "policies[0].tracing.propagate: is missing"],
  ["no form", withTracing({ propagate: [] }), "policies[0].tracing.propagate: must not be empty"],
  [
    "another form",
    withTracing({ propagate: ["w3c", "xray"] }),
    'policies[0].tracing.propagate[1]: must be "w3c", "b3", "b3multi" or "jaeger", each once',
  ],
  [
    "a form twice",
    withTracing({ propagate: ["b3", "b3"] }),
    'policies[0].tracing.propagate[1]: must be "w3c", "b3", "b3multi" or "jaeger", each once',
  ],
  [
    "five forms",
    withTracing({ propagate: ["w3c", "b3", "b3multi", "jaeger", "w3c"] }),
    "policies[0].tracing.propagate: has too many entries",
  ],
  ["a ratio beyond all", withTracing({ ratio: 1_000_001 }), "policies[0].tracing.ratio: is too large"],
  ["a negative ratio", withTracing({ ratio: -1 }), "policies[0].tracing.ratio: is too small"],
  ["a ratio of 0.5", withTracing({ ratio: 0.5 }), "policies[0].tracing.ratio: must be an integer"],
  ["a parent of 1", withTracing({ parent: 1 }), "policies[0].tracing.parent: must be true or false"],
  ["baggage of text", withTracing({ baggage: "pass" }), "policies[0].tracing.baggage: must be true or false"],
  ["no traces at all", withTracing({ perSecond: 0 }), "policies[0].tracing.perSecond: is too small"],
  ["too many traces", withTracing({ perSecond: 100_001 }), "policies[0].tracing.perSecond: is too large"],
  ["an export without a cap", exported({ perSecond: undefined }), "policies[0].tracing.perSecond: is missing"],
  [
    "an exporter that is not there",
    exported({ export: 1 }),
    "policies[0].tracing.export: is the number of no exporter",
  ],
  ["an exporter by name", exported({ export: "collector" }), "policies[0].tracing.export: must be an integer"],
  ["the ninth exporter", exported({ export: 8 }), "policies[0].tracing.export: is too large"],
  [
    "a rule without a ratio",
    withTracing({ rules: [{ when: true }] }),
    "policies[0].tracing.rules[0].ratio: is missing",
  ],
  ["a rule for nothing", withTracing({ rules: [{ ratio: 1 }] }), "policies[0].tracing.rules[0].when: is missing"],
  [
    "a rule on a number",
    withTracing({ rules: [{ when: 1, ratio: 1 }] }),
    "policies[0].tracing.rules[0].when: must be a condition",
  ],
  [
    "a rule on the answer",
    withTracing({ rules: [{ when: ["==", ["get", "response.status"], 1], ratio: 1 }] }),
    "policies[0].tracing.rules[0].when[1][1]: is not a known attribute",
  ],
  [
    "65 rules",
    withTracing({ rules: Array.from({ length: 65 }, () => ({ when: true, ratio: 1 })) }),
    "policies[0].tracing.rules: has too many entries",
  ],
  ["a tail rule of a bool", exported({ always: true }), "policies[0].tracing.always: must be an object"],
  ["a tail rule without notes", exported({ always: { when: true } }), "policies[0].tracing.always.noted: is missing"],
  ["a tail rule that asks nothing", exported({ always: { noted: [] } }), "policies[0].tracing.always.when: is missing"],
  [
    "17 notes",
    withTail(
      true,
      Array.from({ length: 17 }, () => true),
    ),
    "policies[0].tracing.always.noted: has too many entries",
  ],
  [
    "a note of the answer",
    withTail(true, [["==", ["get", "response.status"], 200]]),
    "policies[0].tracing.always.noted[0][1][1]: is not a known attribute",
  ],
  [
    "a note of a note",
    withTail(true, [true, ["noted", 0]]),
    "policies[0].tracing.always.noted[1][0]: is not a known operation",
  ],
  [
    "a note that is not there",
    withTail(["noted", 1], [true]),
    "policies[0].tracing.always.when[1]: is the number of no condition",
  ],
  ["a note beyond all", withTail(["noted", 16], [true]), "policies[0].tracing.always.when[1]: is too large"],
  ["a note before all", withTail(["noted", -1], [true]), "policies[0].tracing.always.when[1]: is too small"],
  ["a note by name", withTail(["noted", "a"], [true]), "policies[0].tracing.always.when[1]: must be an integer"],
  ["a note of two numbers", withTail(["noted", 0, 0], [true]), "policies[0].tracing.always.when: has too many entries"],
  ["a note of none", withTail(["noted"], [true]), "policies[0].tracing.always.when: must not be empty"],
  [
    "a tail rule on the request",
    withTail(["==", ["get", "request.method"], "GET"]),
    "policies[0].tracing.always.when[1][1]: is not known of an answer; what is asked of the request has to be noted",
  ],
  [
    "a header of no name",
    withTail(["has", ["get", "response.headers"]]),
    "policies[0].tracing.always.when[1]: must name a header",
  ],
  [
    "a status of something",
    withTail(["has", ["get", "response.status", "x"]]),
    "policies[0].tracing.always.when[1][2]: is one argument too many",
  ],
  [
    "a tail rule on a status",
    withTail(["get", "response.status"]),
    "policies[0].tracing.always.when: must be a condition",
  ],
  ["a tag without a name", withTracing({ tags: [{ value: "a" }] }), "policies[0].tracing.tags[0].name: is missing"],
  ["a tag without a value", withTracing({ tags: [{ name: "a" }] }), "policies[0].tracing.tags[0].value: is missing"],
  ["a tag of an empty name", withTag(""), "policies[0].tracing.tags[0].name: is too short"],
  ["a tag of a long name", withTag(text(65)), "policies[0].tracing.tags[0].name: is too long"],
  [
    "a tag with a quote",
    withTag('a"b'),
    "policies[0].tracing.tags[0].name: must be letters, digits, dots, hyphens and underscores behind a letter",
  ],
  [
    "a tag that begins with a digit",
    withTag("1a"),
    "policies[0].tracing.tags[0].name: must be letters, digits, dots, hyphens and underscores behind a letter",
  ],
  ["a tag of ours", withTag("url.path"), "policies[0].tracing.tags[0].name: is an attribute that spans have anyway"],
  ["a tag of Zipkin's", withTag("error"), "policies[0].tracing.tags[0].name: is an attribute that spans have anyway"],
  [
    "a tag twice",
    withTracing({ tags: ["a", "b", "a"].map((name) => ({ name, value: "x" })) }),
    'policies[0].tracing.tags[2].name: there already is a tag "a"',
  ],
  [
    "17 tags",
    withTracing({ tags: Array.from({ length: 17 }, (_, index) => ({ name: `t${index}`, value: "x" })) }),
    "policies[0].tracing.tags: has too many entries",
  ],
  [
    "a tag that is a list",
    withTag("a", ["get", "auth.groups"]),
    "policies[0].tracing.tags[0].value: must be a condition, a string or an integer",
  ],
  [
    "a tag of the answer",
    withTag("a", ["get", "response.status"]),
    "policies[0].tracing.tags[0].value[1]: is not a known attribute",
  ],
  [
    "nothing to redact by that name",
    withTracing({ redact: ["http.request.method"] }),
    "policies[0].tracing.redact[0]: must be the name of an attribute of spans that may be left out, each once",
  ],
  [
    "the same redacted twice",
    withTracing({ redact: ["url.path", "url.path"] }),
    "policies[0].tracing.redact[1]: must be the name of an attribute of spans that may be left out, each once",
  ],
  ["a mode", beside({ mode: "shadow" }), "policies[0].mode: is not for a policy of this kind"],
  ["a condition beside it", beside({ when: true }), "policies[0].when: is not for a policy of this kind"],
  ["something on errors", beside({ onError: "allow" }), "policies[0].onError: is not for a policy of this kind"],
  ["no exporters", exported({}, { exporters: [] }), "exporters: must not be empty"],
  [
    "nine exporters",
    exported({}, { exporters: Array.from({ length: 9 }, () => zipkinCollector) }),
    "exporters: has too many entries",
  ],
  ["no clusters", exported({}, { clusters: [] }), "clusters: must not be empty"],
  [
    "a cluster without a service",
    exported({}, { clusters: [{ name: "httproute/shop/rule/0" }] }),
    "clusters[0].service: is missing",
  ],
  [
    "a cluster twice",
    exported(
      {},
      {
        clusters: [
          { name: "a", service: "b" },
          { name: "a", service: "c" },
        ],
      },
    ),
    'clusters[1].name: there already is a cluster "a"',
  ],
  ["an exporter without a cluster", withExporter({ cluster: undefined }), "exporters[0].cluster: is missing"],
  ["an exporter of something else", withExporter({ kind: "x" }), "exporters[0].kind: is not known here"],
  ["another format", withExporter({ format: "jaeger" }), 'exporters[0].format: must be "zipkin" or "otlp"'],
  ["a path without its slash", withExporter({ path: "spans" }), "exporters[0].path: must begin with a slash"],
  ["a path with a space", withExporter({ path: "/a b" }), "exporters[0].path: must be visible ASCII"],
  [
    "an authority with a line break",
    withExporter({ authority: "a\nb" }),
    "exporters[0].authority: must be visible ASCII",
  ],
  ["an authority of 261 bytes", withExporter({ authority: text(261) }), "exporters[0].authority: is too long"],
  ["a service without a name", withExporter({ service: "" }), "exporters[0].service: is too short"],
  ["a service with a line break", withExporter({ service: "a\n" }), "exporters[0].service: must be printable ASCII"],
  ["a service of 64 bytes", withExporter({ service: text(64) }), "exporters[0].service: is too long"],
  [
    "tracing after something else",
    tracedBy(tracing(), { consumers, routes: [{ name: "r", run: ["partners-only", "trace"] }] }, [partnersOnly]),
    "routes[0].run[1]: must come first, as it traces all that follows",
  ],
  [
    "two that trace",
    tracedBy(tracing(), { routes: [{ name: "r", run: ["trace", "other"] }] }, [{ ...tracing(), name: "other" }]),
    "routes[0].run[1]: must come first, as it traces all that follows",
  ],
  [
    "an unknown result",
    tracedBy(tracing(), { routes: [{ name: "r", run: ["trace"], tell: ["b3multi"] }] }),
    "routes[0].tell[0]: must be the name of a result, each once",
  ],
  [
    "a result twice",
    tracedBy(tracing(), { routes: [{ name: "r", run: ["trace"], tell: ["b3", "b3"] }] }),
    "routes[0].tell[1]: must be the name of a result, each once",
  ],
  [
    "a pattern of nothing",
    tracedBy(tracing(), { routes: [{ name: "r", run: ["trace"], pattern: "" }] }),
    "routes[0].pattern: is too short",
  ],
  [
    "a pattern that is too long",
    tracedBy(tracing(), { routes: [{ name: "r", run: ["trace"], pattern: text(4097) }] }),
    "routes[0].pattern: is too long",
  ],
];

describe("a configuration with", () => {
  it.each(refusals)("%s is refused", (_, configuration, message) => {
    const vm = new ModuleVm(guard);
    expect(vm.configure(configuration)).toBe(false);
    expect(vm.lastError).toBe(`sluice: ${message}`);
    if (!isBeyond(message)) expect(faultBySchema("guard", JSON.parse(JSON.stringify(configuration)))).toBeDefined();
  });

  it("all that it may have is taken, by the schema too", () => {
    const condition = ["==", ["get", "request.path"], "/a"];
    const configuration = exported(
      {
        propagate: ["jaeger", "w3c", "b3multi", "b3"],
        ratio: 0,
        parent: false,
        baggage: false,
        rules: [{ when: condition, ratio: 1 }],
        always: {
          noted: [condition, true],
          when: [
            "||",
            ["noted", 1],
            [">", ["get", "response.duration"], 5],
            ["has", ["get", "response.headers", "x-a"]],
          ],
        },
        tags: [{ name: "A.b-c_1", value: ["?:", condition, "a", "b"] }],
        redact: ["url.path", "client.address"],
      },
      {
        routes: [
          {
            name: "r",
            run: ["trace"],
            pattern: "/é/{id}",
            tell: [
              ...["traceparent", "tracestate", "baggage", "b3", "b3-multi", "uber-trace-id", "trace-id"],
              ...["consumer", "tier", "groups", "decision", "ratelimit", "ratelimit-policy", "shadow"],
            ],
          },
        ],
      },
    );
    const vm = new ModuleVm(guard);
    expect(vm.configure(configuration), vm.lastError).toBe(true);
    expect(faultBySchema("guard", configuration)).toBeUndefined();
  });

  it.each([
    [tracedBy(tracing()), "policies[0].tracing: is not part of this module"],
    [tracedBy(tracing(), { policies: [], exporters: [] }), "exporters: is not known here"],
    [
      tracedBy(tracing(), { policies: [], routes: [{ name: "r", run: [], pattern: "/" }] }),
      "routes[0].pattern: is not known here",
    ],
    [
      tracedBy(tracing(), { policies: [], routes: [{ name: "r", run: [], tell: ["traceparent"] }] }),
      "routes[0].tell[0]: must be the name of a result, each once",
    ],
  ])("tracing in a module that has none is refused", (configuration, message) => {
    const vm = new ModuleVm(auth);
    expect(vm.configure(configuration)).toBe(false);
    expect(vm.lastError).toBe(`sluice: ${message}`);
    expect(faultBySchema("auth", configuration)).toBeDefined();
  });

  it("tracing, and a host that defines no counters, is refused", () => {
    const vm = new ModuleVm(guard, { failing: new Map([["proxy_define_metric", 2]]) });
    expect(vm.configure(exported())).toBe(false);
    expect(vm.lastError).toBe("sluice: policies[0].tracing: the host defines no counter");
  });
});
