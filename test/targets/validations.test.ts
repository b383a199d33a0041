import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type CelInput, CelScalar, celEnv, celFunc, celMethod, isCelError, parse, plan } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { loadAll } from "js-yaml";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { packageRoot } from "../../compiler/cli/files.js";
import { shown } from "../../compiler/index.js";

// Rules of the definitions in CEL (`x-kubernetes-validations`), which the API server runs beside the schema.

const root = packageRoot();
const anything = z.record(z.string(), z.unknown());
const definitions = z.object({
  resources: z.array(z.object({ group: z.string(), kind: z.string(), versions: z.record(z.string(), anything) })),
});
const rules = z.array(z.looseObject({ rule: z.string(), message: z.string().optional() }));

const schemas = new Map<string, unknown>(
  ["istio", "gateway-api", "envoy-gateway"].flatMap((name) => {
    const text = readFileSync(join(root, "compiler/targets/kubernetes/crds", `${name}.json`), "utf8");
    return definitions
      .parse(JSON.parse(text))
      .resources.flatMap(({ group, kind, versions }) =>
        Object.entries(versions).map(([version, schema]) => [`${group}/${version} ${kind}`, schema] as const),
      );
  }),
);

const { STRING, BOOL, DYN } = CelScalar;
/** Of the functions that Kubernetes adds to CEL those that the rules call. */
const environment = celEnv({
  variables: { self: DYN },
  funcs: [
    ...strings,
    celFunc("isURL", [STRING], BOOL, (text) => URL.canParse(text)),
    celFunc("url", [STRING], STRING, (text) => text),
    celMethod("getScheme", STRING, [], STRING, function () {
      return new URL(`${this}`).protocol.replace(/:$/, "");
    }),
  ],
});

/** A value as CEL has it: whole numbers of the schema are integers. */
function typed(schema: unknown, value: unknown): CelInput {
  const { type, properties, items, additionalProperties } = anything.safeParse(schema).data ?? {};
  if (type === "integer" && typeof value === "number") return BigInt(value);
  if (Array.isArray(value)) return value.map((one) => typed(items, one));
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value !== "object" || value === null) return null;
  const known = anything.safeParse(properties).data ?? {};
  return new Map(Object.entries(value).map(([key, one]) => [key, typed(known[key] ?? additionalProperties, one)]));
}

interface Asked {
  rules: number;
  broken: string[];
}

function ask(schema: unknown, value: unknown, path: string, asked: Asked): void {
  const own = anything.safeParse(schema).data;
  if (own === undefined || value === undefined || value === null) return;
  for (const { rule, message } of rules.safeParse(own["x-kubernetes-validations"]).data ?? []) {
    // What may change later is asked of changes only.
    if (/\boldSelf\b/.test(rule)) continue;
    asked.rules++;
    const holds = plan(environment, parse(rule))({ self: typed(own, value) });
    if (isCelError(holds) || holds !== true)
      asked.broken.push(`${path}: ${isCelError(holds) ? holds.message : (message ?? rule)}`);
  }
  const { properties, items, additionalProperties } = own;
  if (Array.isArray(value)) for (const [index, one] of value.entries()) ask(items, one, `${path}[${index}]`, asked);
  else if (typeof value === "object")
    for (const [key, one] of Object.entries(value))
      ask(anything.safeParse(properties).data?.[key] ?? additionalProperties, one, `${path}.${key}`, asked);
}

const goldens = readdirSync(join(root, "examples")).flatMap((example) =>
  ["istio.yaml", "envoy-gateway.yaml"].flatMap((file) => {
    try {
      return [[`${example}/${file}`, readFileSync(join(root, "examples", example, "golden", file), "utf8")] as const];
    } catch {
      return [];
    }
  }),
);

/** Policies that are no examples, as they are compiled. */
const policies = join(root, "test/targets/envoy-gateway/policies");
const compiled = await Promise.all(
  readdirSync(policies).map(async (name) => {
    const { emission } = await shown(join(policies, name, "policy.yaml"), "envoy-gateway");
    return [name, emission?.artifacts.find(({ path }) => path === "envoy-gateway.yaml")?.contents ?? ""] as const;
  }),
);

describe("the rules of the API server", () => {
  it.each([...goldens, ...compiled])("hold for %s", (name, text) => {
    const asked: Asked = { rules: 0, broken: [] };
    for (const one of loadAll(text)) {
      const { apiVersion, kind, spec } = anything.parse(one);
      const schema = schemas.get(`${apiVersion} ${kind}`);
      expect(schema, `${apiVersion} ${kind}`).toBeDefined();
      ask(schema, anything.parse(one), `${kind}`, asked);
      expect(spec).toBeDefined();
    }
    expect(asked.broken, name).toEqual([]);
    expect(asked.rules).toBeGreaterThan(0);
  });

  it("are broken by what they forbid", () => {
    const asked: Asked = { rules: 0, broken: [] };
    const resource = {
      apiVersion: "extensions.istio.io/v1alpha1",
      kind: "WasmPlugin",
      spec: { url: "ftp://example.com/x", selector: { matchLabels: { a: "b" } } },
    };
    ask(schemas.get("extensions.istio.io/v1alpha1 WasmPlugin"), resource, "WasmPlugin", asked);
    expect(asked.broken.length).toBeGreaterThan(0);
  });
});
