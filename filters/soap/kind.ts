import { z } from "zod";
import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import type { JsonObject } from "../../compiler/plan/plan.js";
import { defineKind, type PolicyContext } from "../../compiler/policy/kind.js";
import { environmentReference, exactlyOneOf, positiveDuration } from "../../compiler/policy/values.js";
import { bindOperations } from "./binding.js";
import { fieldsSchema, modelOfFields } from "./fields.js";
import { serviceMock } from "./mock.js";
import type { ServiceModel } from "./model.js";
import { inBody, type SoapConfig } from "./module.js";
import { openApiOf } from "./openapi.js";
import { operationPlans } from "./operation-plan.js";
import { faultsSchema, limitsOf, limitsSchema, operationsSchema } from "./settings.js";
import { tableOf } from "./table.js";
import { readWsdl, type WsdlChoice } from "./wsdl/read.js";

const LONGEST_MESSAGE_LIFE_S = 86_400;

const security = z
  .strictObject({
    usernameToken: z
      .strictObject({
        user: environmentReference.describe("The name, as `env:NAME`."),
        password: environmentReference.describe("The password, as `env:NAME`."),
        digest: z
          .boolean()
          .default(false)
          .describe("Whether a digest goes to the service in place of the password itself."),
      })
      .optional()
      .describe("A WS-Security UsernameToken in every request."),
    timestamp: positiveDuration
      .refine((ms) => ms % 1000 === 0 && ms <= LONGEST_MESSAGE_LIFE_S * 1000, "whole seconds, at most 24h")
      .optional()
      .describe("A Timestamp in every request, and for how long it says that the request is good.")
      .meta({ examples: ["5m"] }),
  })
  .describe("What says to the service who asks.");

/** How much larger than its limit a message may be on the other side, as the module bounds it. */
const GROWTH = 8;
const MORE_BYTES = 262_144;

const SERVICE_PATH = /^\/[!-~]{0,2047}$/;

const schema = z
  .strictObject({
    wsdl: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe("The WSDL of the service: a file, relative to this one.")
      .meta({ examples: ["./crm.wsdl"] }),
    fields: fieldsSchema.optional(),
    face: z.literal("rest").default("rest").describe("What clients speak."),
    service: z.string().min(1).max(256).optional().describe("Which service of the WSDL; the first that speaks SOAP."),
    port: z.string().min(1).max(256).optional().describe("Which port of it; the first that speaks SOAP."),
    path: z
      .string()
      .regex(SERVICE_PATH, "a path starts with `/` and is written as it is sent: spaces as %20")
      .optional()
      .describe("Path under which the service is asked; that of its address in the WSDL, if absent.")
      .meta({ examples: ["/services/crm"] }),
    operations: operationsSchema,
    faults: faultsSchema.optional(),
    security: security.optional(),
    limits: limitsSchema.optional(),
  })
  .describe("A REST face on a SOAP service.")
  .meta(exactlyOneOf("wsdl", "fields"));

type Spec = z.output<typeof schema>;

export const soap = defineKind({
  name: "soap",
  summary: "puts a REST face on a SOAP service",
  schema,
  inBody,
  plan(spec, context) {
    const read = modelOf(spec, context);
    if (read === undefined) return undefined;
    const model = spec.path === undefined ? read : { ...read, path: spec.path };
    const { bound, sound } = bindOperations(model, spec, context);
    const { usernameToken, timestamp } = spec.security ?? {};
    const security = {
      ...(usernameToken === undefined
        ? {}
        : {
            user: `env:${usernameToken.user}`,
            password: `env:${usernameToken.password}`,
            digest: usernameToken.digest,
          }),
      ...(timestamp === undefined ? {} : { timestampSeconds: timestamp / 1000 }),
    };
    const isSecured = Object.keys(security).length > 0;
    const settings = { limits: spec.limits, ...(isSecured ? { security } : {}) };
    const config = sound ? tableOf(model, bound, settings, context) : undefined;
    if (config === undefined) return undefined;
    const limits = limitsOf(spec.limits);
    return {
      phase: "convert",
      provides: [],
      requires: [],
      readsHeaders: [],
      readsNamed: [],
      config: jsonOf(config),
      conversion: {
        operations: operationPlans(model, bound, context.policy),
        variables: usernameToken === undefined ? [] : [usernameToken.user, usernameToken.password],
        bufferBytes: GROWTH * Math.max(limits.request, limits.response) + MORE_BYTES,
        mock: serviceMock(model, bound),
        openApi: ({ title, ...info }) =>
          openApiOf(model, bound, { title: spec.wsdl === undefined ? title : model.name, ...info }),
      },
      removeRequestHeaders: [],
      requestHeaders: [],
      responseHeaders: [],
    };
  },
});

/** The service as the policy or its WSDL describes it; undefined after an error was reported. */
function modelOf(spec: Spec, context: PolicyContext): ServiceModel | undefined {
  const { wsdl, fields } = spec;
  if (wsdl !== undefined && fields === undefined) return modelOfWsdl(wsdl, spec, context);
  if (wsdl === undefined && fields !== undefined)
    return modelOfFields(fields, context.policy, (path, part) => context.place(["fields", ...path], part));
  const said = wsdl === undefined ? "says neither" : "says both";
  context.report(diagnose("SL1080", { policy: context.policy, said }, context.place([], "key")));
  return undefined;
}

function modelOfWsdl(wsdl: string, spec: Spec, context: PolicyContext): ServiceModel | undefined {
  const file = context.readFile(wsdl, context.place(["wsdl"]));
  if (file === undefined) return undefined;
  const named = (key: "service" | "port") => {
    const name = spec[key];
    return name === undefined ? {} : { [key]: { name, origin: context.place([key]) } };
  };
  const { usernameToken, timestamp } = spec.security ?? {};
  const choice: WsdlChoice = {
    ...named("service"),
    ...named("port"),
    operations: Object.keys(spec.operations).map((name) => ({
      name,
      origin: context.place(["operations", name], "key"),
    })),
    adds: [
      ...(usernameToken === undefined ? [] : ["usernameToken" as const]),
      ...(timestamp === undefined ? [] : ["timestamp" as const]),
    ],
  };
  return readWsdl({ ...file, load: context.loadFile }, choice, context.report);
}

/** The configuration as data, without members that are undefined. */
function jsonOf(config: SoapConfig): JsonObject {
  return JSON.parse(JSON.stringify(config));
}
