import { Ajv, type ValidateFunction } from "ajv";
import { z } from "zod";
import type { Violation } from "../target.js";
import envoyGateway from "./crds/envoy-gateway.json" with { type: "json" };
import gatewayApi from "./crds/gateway-api.json" with { type: "json" };
import istio from "./crds/istio.json" with { type: "json" };

const schema = z.record(z.string(), z.unknown());
const definitions = z.object({
  resources: z.array(z.object({ group: z.string(), kind: z.string(), versions: z.record(z.string(), schema) })),
});

const METADATA = {
  type: "object",
  properties: {
    name: { type: "string", maxLength: 253, pattern: "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$" },
    namespace: { type: "string", maxLength: 63, pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" },
    labels: {
      type: "object",
      additionalProperties: { type: "string", maxLength: 63, pattern: "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$" },
    },
    annotations: { type: "object", additionalProperties: { type: "string" } },
  },
  required: ["name"],
  additionalProperties: false,
} as const;

/** Of kinds that Kubernetes itself defines, those that are emitted. */
const CORE: Readonly<Record<string, unknown>> = {
  "v1 ConfigMap": {
    type: "object",
    properties: {
      data: { type: "object", additionalProperties: { type: "string" } },
      binaryData: { type: "object", additionalProperties: { type: "string" } },
      immutable: { type: "boolean" },
    },
  },
};

let known: ReadonlyMap<string, unknown> | undefined;

function schemaOf(apiVersion: string, kind: string): unknown {
  known ??= new Map([
    ...[istio, gatewayApi, envoyGateway].flatMap((file) =>
      definitions
        .parse(file)
        .resources.flatMap(({ group, kind, versions }) =>
          Object.entries(versions).map(([version, one]) => [`${group}/${version} ${kind}`, one] as const),
        ),
    ),
    ...Object.entries(CORE),
  ]);
  return known.get(`${apiVersion} ${kind}`);
}

const head = z.object({ apiVersion: z.string(), kind: z.string(), metadata: z.object({ name: z.string() }).loose() });
const validators = new Map<string, ValidateFunction>();

/**
 * What is wrong with resources by the schemas of their definitions, every object closed: a published schema lets unknown
 * fields pass, and the API server drops them without a word. CEL rules (`x-kubernetes-validations`) are run by `test/targets/validations.test.ts`.
 */
export function resourceViolations(resources: readonly unknown[]): Violation[] {
  return resources.flatMap((one, index) => {
    const read = head.safeParse(one);
    if (!read.success) return [{ path: `[${index}]`, message: "apiVersion, kind or metadata.name is missing" }];
    const { apiVersion, kind, metadata } = read.data;
    const name = `${kind}/${metadata.name}`;
    const validate = validatorOf(apiVersion, kind);
    if (validate === undefined) return [{ path: name, message: `no schema of ${apiVersion} ${kind} is known` }];
    if (validate(one)) return [];
    return (validate.errors ?? []).map(({ instancePath, message, params }) => ({
      path: `${name}${instancePath}`,
      message: `${message} ${JSON.stringify(params)}`,
    }));
  });
}

function validatorOf(apiVersion: string, kind: string): ValidateFunction | undefined {
  const key = `${apiVersion} ${kind}`;
  const before = validators.get(key);
  if (before !== undefined) return before;
  const published = schema.safeParse(schemaOf(apiVersion, kind));
  if (!published.success) return undefined;
  const properties = schema.parse(published.data.properties ?? {});
  const { status, ...written } = properties;
  const whole = { ...published.data, properties: { ...written, apiVersion: {}, kind: {}, metadata: METADATA } };
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const validate = ajv.compile(schema.parse(closed(whole)));
  validators.set(key, validate);
  return validate;
}

/** A schema in which objects have the properties that it lists and no others. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  const read = schema.safeParse(value);
  if (!read.success) return value;
  const inner = Object.fromEntries(Object.entries(read.data).map(([key, one]) => [key, closed(one)]));
  const open = "additionalProperties" in inner || inner["x-kubernetes-preserve-unknown-fields"] === true;
  return typeof inner.properties === "object" && inner.type === "object" && !open
    ? { ...inner, additionalProperties: false }
    : inner;
}
