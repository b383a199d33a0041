import { z } from "zod";
import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import type { ConsumerPlan, JsonObject, PolicyPlan, TestSignIn } from "../../compiler/plan/plan.js";
import { credentialOf } from "../../compiler/policy/credentials.js";
import { defineKind, type PolicyContext } from "../../compiler/policy/kind.js";
import { exactlyOneOf } from "../../compiler/policy/values.js";
import { removal, removeItem } from "../../compiler/syntax/edits.js";
import { lintOf } from "./lint.js";
import { METHODS } from "./methods/index.js";
import type { MethodPlan } from "./methods/method.js";
import { modelOf } from "./model.js";
import { inModule } from "./module.js";

const method = z
  .strictObject({
    apiKey: METHODS.apiKey.schema.optional(),
    hmac: METHODS.hmac.schema.optional(),
    jwt: METHODS.jwt.schema.optional(),
    mtls: METHODS.mtls.schema.optional(),
  })
  .meta(exactlyOneOf(...Object.keys(METHODS)));

type Written = z.output<typeof method>;

const schema = z
  .strictObject({
    anyOf: z
      .array(method)
      .min(1)
      .max(8)
      .describe("The method whose credential is present decides; a bad one is refused, and so are two at once."),
    optional: z
      .boolean()
      .default(false)
      .describe("Lets requests without any credential pass as anonymous; never those with a bad one."),
    forward: z.boolean().default(false).describe("Passes the credential on to the service."),
  })
  .describe("Who calls.");

export const authenticate = defineKind({
  name: "authenticate",
  summary: "finds out who calls, or answers 401",
  schema,
  inModule,
  ownedRequestHeaders: ["x-consumer", "x-consumer-groups", "x-consumer-tier"],
  plan(spec, context) {
    const planned = spec.anyOf.map((one, index) => planMethod(one, index, context));
    const methods = planned.flatMap((one) => one ?? []);
    const isSound = [
      methods.length === planned.length,
      isEachElsewhere(planned, context),
      hasCallers(methods, context),
    ].every((one) => one);
    if (!isSound) return undefined;
    const removes = unique(methods.flatMap((one) => one.removes));
    return {
      phase: "authenticate",
      provides: unique(methods.flatMap((one) => one.provides)),
      ...(spec.optional ? {} : { guarantees: guaranteedBy(methods) }),
      requires: [],
      readsHeaders: unique(methods.flatMap((one) => one.readsHeaders)),
      readsNamed: [],
      ...configured(methods, spec.optional, context.gateway.name),
      ...(methods.some((one) => one.verifiesSignatures) ? { verifiesSignatures: true } : {}),
      ...named("variables", methods),
      ...named("ownedRequestHeaders", methods),
      removeRequestHeaders: spec.forward ? [] : removes,
      requestHeaders: [
        { name: "x-consumer", property: "consumer" },
        { name: "x-consumer-groups", property: "groups" },
        { name: "x-consumer-tier", property: "tier" },
        ...methods.flatMap((one) => one.requestHeaders),
      ],
      responseHeaders: [],
      signIn: signInBy(methods),
      ...(methods.some(({ name }) => name === "mtls") ? { knowsByCertificate: true as const } : {}),
      decide: modelOf(methods, spec.optional),
      lint: lintOf(spec.optional, context),
    };
  },
});

const NAMES = Object.keys(METHODS);

function planMethod(
  { apiKey, hmac, jwt, mtls }: Written,
  index: number,
  context: PolicyContext,
): MethodPlan | undefined {
  const written = NAMES.filter((name) => context.node(["anyOf", index, name]) !== undefined);
  const path = (name: string) => ["anyOf", index, name];
  if (written.length !== 1) {
    context.report(diagnose("SL0488", { keys: NAMES.join(", ") }, context.place(["anyOf", index])));
    return undefined;
  }
  if (apiKey !== undefined) return METHODS.apiKey.plan(apiKey, path("apiKey"), context);
  if (hmac !== undefined) return METHODS.hmac.plan(hmac, path("hmac"), context);
  if (jwt !== undefined) return METHODS.jwt.plan(jwt, path("jwt"), context);
  return mtls === undefined ? undefined : METHODS.mtls.plan(mtls, path("mtls"), context);
}

/** Names that the methods need, if there are any. */
function named(key: "variables" | "ownedRequestHeaders", methods: readonly MethodPlan[]): Partial<PolicyPlan> {
  const names = unique(methods.flatMap((one) => one[key] ?? []));
  return names.length === 0 ? {} : { [key]: names };
}

/** What the module reads, and what it reads in tests if that differs. */
function configured(
  methods: readonly MethodPlan[],
  optional: boolean,
  realm: string,
): Pick<PolicyPlan, "inTests"> & { config: JsonObject } {
  const around = (anyOf: JsonObject[]) => ({ realm, anyOf, optional });
  const config = around(methods.map((one) => ({ [one.name]: one.config })));
  if (methods.every(({ inTests }) => inTests === undefined)) return { config };
  const tested = methods.map((one) => ({ ...one, ...one.inTests }));
  return {
    config,
    inTests: () => ({
      config: around(tested.map(({ name, config }) => ({ [name]: config }))),
      decide: modelOf(tested, optional),
    }),
  };
}

/** A method that looks where one before it looks never decides. */
function isEachElsewhere(methods: readonly (MethodPlan | undefined)[], context: PolicyContext): boolean {
  let sound = true;
  for (const [index, one] of methods.entries()) {
    if (one === undefined) continue;
    const first = methods.findIndex((other) => other?.name === one.name && other.where === one.where);
    if (first === index) continue;
    const related = [{ message: "first named here", span: context.place(methods[first]?.place ?? []) }];
    const list = context.node(["anyOf"]);
    const edits = list?.kind === "list" ? removeItem(list, index) : undefined;
    const fix = removal("remove the second method", true, edits);
    context.report(diagnose("SL0411", { where: one.where }, context.place(one.place), { related, ...fix }));
    sound = false;
  }
  return sound;
}

/** Somebody has to be known by what the policy looks for. */
function hasCallers(methods: readonly MethodPlan[], context: PolicyContext): boolean {
  const credentials = Object.values(context.gateway.consumers)
    .flatMap((consumer) => consumer.credentials)
    .flatMap((one) => credentialOf(one) ?? []);
  const isKnown = ({ onlyConsumers, takes }: MethodPlan) => !onlyConsumers || credentials.some(takes);
  if (methods.length === 0 || methods.some(isKnown)) return true;
  context.report(diagnose("SL0412", { policy: context.policy }, context.place([], "key")));
  return false;
}

function guaranteedBy([first, ...more]: readonly MethodPlan[]): string[] {
  return (first?.guarantees ?? []).filter((attribute) =>
    more.every(({ guarantees }) => guarantees.includes(attribute)),
  );
}

/** By the first method that a consumer has a credential for, or else by the first of all. */
function signInBy(methods: readonly MethodPlan[]): TestSignIn {
  const of = (consumer: ConsumerPlan) => methods.find(({ takes }) => consumer.credentials.some(takes)) ?? methods[0];
  return {
    credentials(consumer) {
      const credential = of(consumer)?.signIn.credential(consumer);
      return credential === undefined ? [] : [credential];
    },
    sign: (request, consumer) => of(consumer)?.signIn.sign(request, consumer) ?? request,
  };
}

function unique<Item>(items: readonly Item[]): Item[] {
  return [...new Set(items)];
}
