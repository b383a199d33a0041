import { z } from "zod";
import { AMBIGUOUS } from "../../../compiler/expression/evaluate.js";
import type { ConsumerPlan } from "../../../compiler/plan/plan.js";
import type { RequestView } from "../../../compiler/request/verdict.js";
import type { Method, MethodModel, MethodSignIn, MethodVerdict } from "./method.js";

const DESCRIPTION =
  "The certificate of the client, which a listener with `clientCertificate` verified. It counts only where the request itself carries no credential.";

const schema = z.strictObject({}).describe(DESCRIPTION);
const config = z.strictObject({}).describe(DESCRIPTION);

export const mtls: Method<z.output<typeof schema>> = {
  name: "mtls",
  schema,
  config,
  plan: (_, place) => ({
    name: "mtls",
    config: {},
    where: "the client certificate",
    place,
    ofConnection: true,
    readsHeaders: [],
    removes: [],
    provides: ["auth.consumer", "auth.tier", "auth.groups", "auth.method"],
    guarantees: ["auth.consumer", "auth.groups", "auth.method"],
    requestHeaders: [],
    takes: (credential) => "certificate" in credential,
    onlyConsumers: true,
    model,
    signIn,
  }),
};

const model: MethodModel = {
  look(view) {
    const principal = view.attribute("source.principal", undefined);
    const shown = principal === undefined ? "absent" : principal === AMBIGUOUS ? "there, without one name" : "there";
    return { present: principal !== undefined, reason: { text: `the client certificate is ${shown}` } };
  },
  judge,
};

function judge({ attribute, consumers }: RequestView): MethodVerdict {
  const principal = attribute("source.principal", undefined);
  if (typeof principal !== "string")
    return denied("ambiguous-credential", "the client certificate has no name, or several of which each might count");
  const consumer = consumers.find((one) => sansOf(one).includes(principal));
  if (consumer === undefined)
    return denied("unknown-credential", `the client certificate is for ${principal}, nobody's`);
  const summary = `the client certificate is for ${principal}, which is ${consumer.name}`;
  return { outcome: "allowed", caller: { consumer, method: "mtls" }, summary };
}

function denied(reason: string, summary: string): MethodVerdict {
  return { outcome: "denied", reason, summary };
}

function sansOf({ credentials }: ConsumerPlan): string[] {
  return credentials.flatMap((one) => ("certificate" in one ? [one.certificate.san] : []));
}

/** The runner has an authority of its own, which signs for every name. */
const signIn: MethodSignIn = {
  credential: (consumer) => (sansOf(consumer).length > 0 ? undefined : { certificate: { san: testSanOf(consumer) } }),
  sign: (request, consumer) => ({ ...request, certificate: { san: [sansOf(consumer)[0] ?? testSanOf(consumer)] } }),
};

function testSanOf({ name }: ConsumerPlan): string {
  return `spiffe://tests.invalid/${name}`;
}
