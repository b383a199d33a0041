import { z } from "zod";

/** A name of Kubernetes: a DNS label. */
const dnsLabel = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "a DNS label: a-z, 0-9 and inner -");

/** What stands before the names of modules. */
export const modulesPrefix = z
  .string()
  .max(1_024)
  .regex(
    /^(oci|https|http|file):\/\/[^\s?#"]*[^\s?#"/]$/,
    "begins with oci://, https://, http:// or file:///, and has no slash at its end",
  );

const modules = modulesPrefix
  .describe("Where a cluster fetches the modules: what stands before `/guard`. `compile --modules` says it too.")
  .meta({ examples: ["oci://registry.example.com/sluice"] });

const namespace = dnsLabel
  .optional()
  .describe("Namespace of all resources; that of whoever applies them if absent.")
  .meta({ examples: ["shop"] });

const istio = z.strictObject({
  version: z.literal("1.31").default("1.31").describe("Version of Istio, as a text in quotes."),
  namespace,
  workload: z
    .record(z.string().min(1).max(63), z.string().max(63).describe("Value of the label."))
    .refine((labels) => Object.keys(labels).length > 0, "at least one label is needed")
    .meta({ minProperties: 1, examples: [{ istio: "ingressgateway" }] })
    .default({ istio: "ingressgateway" })
    .describe(
      "Labels of the proxies that the gateway is: pods of an ingress gateway, or of a workload with a sidecar.",
    ),
  modules: modules.optional(),
  extension: z
    .enum(["wasmPlugin", "trafficExtension"])
    .default("wasmPlugin")
    .describe("The resource that loads a module. TrafficExtension supersedes WasmPlugin, from 1.31 on."),
});

const envoyGateway = z.strictObject({
  version: z.literal("1.9").default("1.9").describe("Version of Envoy Gateway, as a text in quotes."),
  namespace,
  gatewayClass: dnsLabel.default("eg").describe("The GatewayClass of the gateway."),
  modules: modules.optional(),
});

export const targets = z
  .strictObject({
    envoy: z.literal("1.40").optional().describe("Version of Envoy, as a text in quotes."),
    istio: z
      .union([z.literal("1.31").transform((version) => istio.parse({ version })), istio])
      .optional()
      .describe("Version of Istio, as a text in quotes, or how it is deployed there."),
    envoyGateway: z
      .union([z.literal("1.9").transform((version) => envoyGateway.parse({ version })), envoyGateway])
      .optional()
      .describe("Version of Envoy Gateway, as a text in quotes, or how it is deployed there."),
  })
  .optional()
  .describe("Versions that the file is compiled for.");

export type IstioDeployment = z.infer<typeof istio>;
export type EnvoyGatewayDeployment = z.infer<typeof envoyGateway>;

/** How the gateway is deployed where the file says nothing of it. */
export const DEFAULT_ISTIO: IstioDeployment = istio.parse({});
export const DEFAULT_ENVOY_GATEWAY: EnvoyGatewayDeployment = envoyGateway.parse({});
