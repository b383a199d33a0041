import { createHash } from "node:crypto";
import { z } from "zod";
import { diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import { testValueOf } from "../../../compiler/plan/credentials.js";
import type { ConsumerPlan } from "../../../compiler/plan/plan.js";
import { headerName } from "../../../compiler/policy/values.js";
import type { RequestView } from "../../../compiler/request/verdict.js";
import type { Method, MethodModel, MethodSignIn, MethodVerdict } from "./method.js";

/** Names that a credential cannot have: they belong to the connection, to Envoy or to identity itself. */
const NOT_A_CREDENTIAL =
  /^(host|connection|content-length|content-type|transfer-encoding|te|upgrade|x-consumer(-tier|-groups)?|x-forwarded-.*|x-envoy-.*|x-request-id)$/;

/** The longest key that the module looks up, in bytes. */
const LONGEST_KEY = 4096;

const schema = z
  .strictObject({
    header: headerName.describe("Request header that carries the key.").meta({ examples: ["x-api-key"] }),
  })
  .describe("A key in a header, compared by its SHA-256.");

const config = z
  .strictObject({ header: headerName.describe("The header that carries the key.") })
  .describe("A key in a header, compared by its SHA-256.");

export const apiKey: Method<z.output<typeof schema>> = {
  name: "apiKey",
  schema,
  config,
  plan({ header }, path, context) {
    const place = [...path, "header"];
    if (NOT_A_CREDENTIAL.test(header)) {
      context.report(diagnose("SL0410", { header }, context.place(place)));
      return undefined;
    }
    return {
      name: "apiKey",
      config: { header },
      where: `header ${header}`,
      place,
      readsHeaders: [header],
      removes: [header],
      provides: ["auth.consumer", "auth.tier", "auth.groups", "auth.method"],
      guarantees: ["auth.consumer", "auth.groups", "auth.method"],
      requestHeaders: [],
      takes: (credential) => "apiKey" in credential,
      onlyConsumers: true,
      model: modelOf(header),
      signIn: signInBy(header),
    };
  },
};

function modelOf(header: string): MethodModel {
  return {
    look(view) {
      const values = view.header(header);
      return { present: values.length > 0, reason: { text: `header ${header} is ${presence(values)}` } };
    },
    judge: (view) => judge(header, view),
  };
}

function presence(values: readonly string[]): string {
  if (values.length === 0) return "absent";
  return values.length === 1 ? "there" : `there ${values.length} times`;
}

function judge(header: string, view: RequestView): MethodVerdict {
  const [key = "", ...more] = view.header(header);
  if (more.length > 0) return denied("duplicate-credential", `header ${header} was sent twice`);
  if (key === "" || Buffer.byteLength(key) > LONGEST_KEY)
    return denied("malformed-credential", `the key in ${header} is empty or too long`);
  // Proxies join repeated headers with commas (RFC 9110, section 5.3).
  if (key.includes(","))
    return denied("duplicate-credential", `the key in ${header} has a comma, as joined headers have`);
  const { owner, unset } = ownerOf(key, view);
  if (owner !== undefined)
    return {
      outcome: "allowed",
      caller: { consumer: owner, method: "apiKey" },
      summary: `the key in ${header} is that of ${owner.name}`,
    };
  if (unset.length === 0) return denied("unknown-credential", `the key in ${header} is nobody's`);
  const variables = `${unset.join(", ")} ${unset.length === 1 ? "is" : "are"}`;
  return {
    outcome: "open",
    reason: "unknown-credential",
    summary: `whose key is in ${header} cannot be told, as ${variables} not set here; set what is missing, or name the caller with --as`,
  };
}

function denied(reason: string, summary: string): MethodVerdict {
  return { outcome: "denied", reason, summary };
}

/** Whose key this is, by digest as the guard compares; variables that are not set here may hold it too. */
function ownerOf(key: string, { consumers, variable }: RequestView): { owner?: ConsumerPlan; unset: string[] } {
  const digest = digestOf(key);
  const unset = new Set<string>();
  for (const consumer of consumers)
    for (const credential of consumer.credentials) {
      if (!("apiKey" in credential)) continue;
      const reference = credential.apiKey;
      if (reference.from === "digest") {
        if (reference.sha256 === digest) return { owner: consumer, unset: [] };
        continue;
      }
      const value = variable(reference.variable);
      if (value === undefined || value === "") unset.add(reference.variable);
      else if (digestOf(value) === digest) return { owner: consumer, unset: [] };
    }
  return { unset: [...unset] };
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A consumer with a key in the environment has what the runner put there; others get one. */
function signInBy(header: string): MethodSignIn {
  return {
    credential: (consumer) =>
      variableOf(consumer) === undefined
        ? { apiKey: { from: "digest", sha256: digestOf(testKeyOf(consumer)) } }
        : undefined,
    sign: (request, consumer) => ({ ...request, headers: [...request.headers, [header, testKeyOf(consumer)]] }),
  };
}

/** What a consumer shows in tests. */
export function testKeyOf(consumer: ConsumerPlan): string {
  const variable = variableOf(consumer);
  return variable === undefined ? `test-key-of-${consumer.name}` : testValueOf(variable);
}

function variableOf({ credentials }: ConsumerPlan): string | undefined {
  return credentials.flatMap((credential) =>
    "apiKey" in credential && credential.apiKey.from === "environment" ? [credential.apiKey.variable] : [],
  )[0];
}
