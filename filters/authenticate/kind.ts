import { z } from "zod";
import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import { checkKey, type Expression, headersOf, namedOf, requirementsOf } from "../../compiler/expression/expression.js";
import type { ConsumerPlan, JsonObject, PolicyPlan, ResultHeader } from "../../compiler/plan/plan.js";
import type { TestSignIn } from "../../compiler/plan/sign-in.js";
import { credentialOf } from "../../compiler/policy/credentials.js";
import { defineKind, type PolicyContext } from "../../compiler/policy/kind.js";
import { rate } from "../../compiler/policy/rate.js";
import { exactlyOneOf } from "../../compiler/policy/values.js";
import { lintOf } from "./lint.js";
import { isEachElsewhere } from "./methods/elsewhere.js";
import { METHODS } from "./methods/index.js";
import type { MethodPlan } from "./methods/method.js";
import { modelOf } from "./model.js";
import { inBody, inModule } from "./module.js";

const method = z
  .strictObject({
    apiKey: METHODS.apiKey.schema.optional(),
    basic: METHODS.basic.schema.optional(),
    hmac: METHODS.hmac.schema.optional(),
    introspect: METHODS.introspect.schema.optional(),
    jwt: METHODS.jwt.schema.optional(),
    mtls: METHODS.mtls.schema.optional(),
  })
  .meta(exactlyOneOf(...Object.keys(METHODS)));

const lockout = z
  .strictObject({
    failures: rate
      .refine(
        ({ count, burst }) => count <= MOST_FAILURES && burst === count,
        "failures are a count per period without burst: 10/minute",
      )
      .describe("Refused credentials per period: one more is not looked at."),
    key: z
      .array(z.string().max(1024))
      .min(1)
      .max(8)
      .default(["source.ip"])
      .describe("Attributes that failures are counted by.")
      .meta({ examples: [["source.ip"]] }),
  })
  .describe("How often one may fail.");

/** As the module counts them. */
const MOST_FAILURES = 1_000_000;

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
    lockout: z
      .union([z.literal(false), lockout])
      .optional()
      .describe(
        "Whoever fails more often gets 429 for a while, also with a right credential. By default `{ failures: 10/minute, key: [source.ip] }` where there is a `basic`, and `false` elsewhere.",
      ),
    forward: z.boolean().default(false).describe("Passes the credential on to the service."),
  })
  .describe("Who calls.");

export const authenticate = defineKind({
  name: "authenticate",
  summary: "finds out who calls, or answers 401",
  schema,
  inModule,
  inBody,
  ownedRequestHeaders: ["x-consumer", "x-consumer-groups", "x-consumer-tier"],
  plan(spec, context) {
    const planned = spec.anyOf.map((one, index) => planMethod(one, index, context));
    const methods = planned.flatMap((one) => one ?? []);
    const locks = lockoutOf(spec, context);
    const isSound = [
      locks !== undefined,
      methods.length === planned.length,
      isEachElsewhere(planned, context),
      hasCallers(methods, context),
    ].every((one) => one);
    if (!isSound || locks === undefined) return undefined;
    const removes = unique(methods.flatMap((one) => one.removes));
    return {
      phase: "authenticate",
      provides: unique(methods.flatMap((one) => one.provides)),
      ...(spec.optional ? {} : { guarantees: guaranteedBy(methods) }),
      requires: locks.keys.flatMap(requirementsOf),
      readsHeaders: unique([...methods.flatMap((one) => one.readsHeaders), ...locks.keys.flatMap(headersOf)]),
      readsNamed: unique([...methods.flatMap((one) => one.readsNamed ?? []), ...locks.keys.flatMap(namedOf)]),
      ...configured(methods, spec.optional, context.gateway.name, locks.config),
      ...asked(methods),
      ...(methods.some((one) => one.verifiesSignatures) ? { verifiesSignatures: true } : {}),
      ...named("variables", methods),
      ...named("ownedRequestHeaders", methods),
      removeRequestHeaders: spec.forward ? [] : removes,
      ...keysAmong(methods, spec.forward),
      ...digested(methods),
      requestHeaders: [...identityHeaders(context), ...claimHeaders(methods)],
      responseHeaders: [],
      signIn: signInBy(methods),
      ...(methods.some(({ name }) => name === "mtls") ? { knowsByCertificate: true as const } : {}),
      decide: modelOf(methods, spec.optional),
      lint: lintOf({ optional: spec.optional, lockoutKeys: locks.keys }, context),
    };
  },
});

/** What services are told of consumers, as far as there is anything to tell: a header that is never written costs time all the same. */
function identityHeaders({ gateway }: PolicyContext): { name: string; property: string }[] {
  const consumers = Object.values(gateway.consumers);
  return [
    ...(consumers.length > 0 ? [{ name: "x-consumer", property: "consumer" }] : []),
    ...(consumers.some(({ groups }) => groups.length > 0) ? [{ name: "x-consumer-groups", property: "groups" }] : []),
    ...(consumers.some(({ tier }) => tier !== undefined) ? [{ name: "x-consumer-tier", property: "tier" }] : []),
  ];
}

/** Passwords can be guessed, so there it is on unless the file says otherwise. */
const DEFAULT_LOCKOUT = { failures: { count: 10, periodMs: 60_000, burst: 10 }, key: ["source.ip"] };

/** What failures are counted by, and the member of the configuration; undefined after an error was reported. */
function lockoutOf(
  { lockout, anyOf }: z.output<typeof schema>,
  context: PolicyContext,
): { keys: Expression[]; config: JsonObject } | undefined {
  const chosen = lockout ?? (anyOf.some(({ basic }) => basic !== undefined) ? DEFAULT_LOCKOUT : false);
  if (chosen === false) return { keys: [], config: {} };
  const keys = chosen.key.flatMap((text, index) => {
    const path = ["lockout", "key", index];
    const { key, diagnostics } = checkKey(text, context.node(path), context.place(path));
    for (const diagnostic of diagnostics) context.report(diagnostic);
    return key === undefined ? [] : [key];
  });
  if (keys.length !== chosen.key.length) return undefined;
  const { count: failures, periodMs } = chosen.failures;
  return { keys, config: { lockout: { key: keys.map((key) => key.lower()), failures, periodMs } } };
}

const NAMES = Object.keys(METHODS);

function planMethod(
  { apiKey, basic, hmac, introspect, jwt, mtls }: Written,
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
  if (basic !== undefined) return METHODS.basic.plan(basic, path("basic"), context);
  if (hmac !== undefined) return METHODS.hmac.plan(hmac, path("hmac"), context);
  if (introspect !== undefined) return METHODS.introspect.plan(introspect, path("introspect"), context);
  if (jwt !== undefined) return METHODS.jwt.plan(jwt, path("jwt"), context);
  return mtls === undefined ? undefined : METHODS.mtls.plan(mtls, path("mtls"), context);
}

/** Names that the methods need, if there are any. */
function named(key: "variables" | "ownedRequestHeaders", methods: readonly MethodPlan[]): Partial<PolicyPlan> {
  const names = unique(methods.flatMap((one) => one[key] ?? []));
  return names.length === 0 ? {} : { [key]: names };
}

/** Methods may tell the service the same by one header, whichever of them knew the caller. */
function claimHeaders(methods: readonly MethodPlan[]): ResultHeader[] {
  const headers = methods.flatMap((one) => one.requestHeaders);
  return headers.filter(({ name }, index) => headers.findIndex((other) => other.name === name) === index);
}

/** Services that methods ask: one at most what tokens are, and one for keys, as there is one place in a request for a token. */
function asked(methods: readonly MethodPlan[]): Pick<PolicyPlan, "asks" | "introspection" | "fetches"> {
  const [introspected] = methods.flatMap((one) => one.asks ?? []);
  const [fetched] = methods.flatMap((one) => one.fetches ?? []);
  const asks = [
    ...(introspected === undefined ? [] : [{ service: introspected.service, origin: introspected.origin }]),
    ...(fetched === undefined ? [] : [{ service: fetched.source.service, origin: fetched.origin }]),
  ];
  return {
    ...(asks.length === 0 ? {} : { asks }),
    ...(introspected === undefined
      ? {}
      : { introspection: { service: introspected.service, path: introspected.path } }),
    ...(fetched === undefined ? {} : { fetches: fetched.source }),
  };
}

/** Credentials that stand among other things of the request, if there are any. */
function keysAmong(methods: readonly MethodPlan[], forward: boolean): Pick<PolicyPlan, "keys"> {
  const names = (place: "query" | "cookie") =>
    methods.flatMap(({ among }) => (among?.in === place ? [among.name] : []));
  const [query, cookies] = [names("query"), names("cookie")];
  if (query.length === 0 && cookies.length === 0) return {};
  return { keys: { query, cookies, ...(forward ? { stay: true as const } : {}) } };
}

/** Bodies that are compared with what was signed of them, if there are any. */
function digested(methods: readonly MethodPlan[]): Pick<PolicyPlan, "digest"> {
  const [maxBody] = methods.flatMap(({ digests }) => digests ?? []);
  return maxBody === undefined ? {} : { digest: { maxBody } };
}

/** What the module reads, and what it reads in tests if that differs. */
function configured(
  methods: readonly MethodPlan[],
  optional: boolean,
  realm: string,
  locks: JsonObject,
): Pick<PolicyPlan, "inTests"> & { config: JsonObject } {
  const around = (anyOf: JsonObject[]) => ({ realm, anyOf, optional, ...locks });
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
  const [token] = methods.flatMap(({ signIn }) => signIn.token ?? []);
  const keys = methods.flatMap((one) => one.signIn.keys ?? []);
  return {
    ...(keys.length === 0 ? {} : { keys }),
    credentials(consumer) {
      const credential = of(consumer)?.signIn.credential(consumer);
      return credential === undefined ? [] : [credential];
    },
    sign: (request, consumer, body) => of(consumer)?.signIn.sign(request, consumer, body) ?? request,
    ...(token === undefined ? {} : { token }),
    introspected: (token, consumers) =>
      methods.find(({ asks }) => asks !== undefined)?.signIn.introspected?.(token, consumers),
  };
}

function unique<Item>(items: readonly Item[]): Item[] {
  return [...new Set(items)];
}
