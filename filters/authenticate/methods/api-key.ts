import { createHash } from "node:crypto";
import { z } from "zod";
import { diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import { written } from "../../../compiler/expression/attributes.js";
import { testValueOf } from "../../../compiler/plan/credentials.js";
import type { ConsumerPlan } from "../../../compiler/plan/plan.js";
import { cookieName } from "../../../compiler/policy/cookies.js";
import type { PolicyContext } from "../../../compiler/policy/kind.js";
import { exactlyOneOf, headerName } from "../../../compiler/policy/values.js";
import type { ClientRequest } from "../../../compiler/request/request.js";
import type { RequestView } from "../../../compiler/request/verdict.js";
import type { Path } from "../../../compiler/syntax/document.js";
import { removal, replaceEntry } from "../../../compiler/syntax/edits.js";
import type { Method, MethodModel, MethodPlan, MethodSignIn, MethodVerdict } from "./method.js";

const PLACES = ["header", "query", "cookie"] as const;

/** Names that a credential cannot have: they belong to the connection, to Envoy or to identity itself. */
const NOT_A_CREDENTIAL =
  /^(host|connection|content-length|content-type|transfer-encoding|te|upgrade|x-consumer(-tier|-groups)?|x-forwarded-.*|x-envoy-.*|x-request-id)$/;

/** The longest key that the module looks up, in bytes. */
const LONGEST_KEY = 4096;

const queryName = z
  .string()
  .regex(/^[A-Za-z0-9._~-]{1,64}$/, "a parameter name has up to 64 letters, digits, `-`, `.`, `_` and `~`");

const schema = z
  .strictObject({
    header: headerName
      .optional()
      .describe("Request header that carries the key.")
      .meta({ examples: ["x-api-key"] }),
    query: queryName
      .optional()
      .describe("Parameter of the query that carries the key. The service gets the path without it.")
      .meta({ examples: ["api_key"] }),
    cookie: cookieName
      .optional()
      .describe("Cookie that carries the key. The service gets the others.")
      .meta({ examples: ["api-key"] }),
  })
  .meta(exactlyOneOf(...PLACES))
  .describe("A key in a header, in the query or in a cookie, compared by its SHA-256.");

/** As conditions name parameters and cookies in the configuration of the modules. */
const name = z
  .string()
  .regex(/^[!-~]{1,64}$/)
  .optional();

const config = z
  .strictObject({
    header: headerName.optional().describe("The header that carries the key."),
    query: name.describe("Or the parameter of the query, by its decoded name."),
    cookie: name.describe("Or the cookie."),
  })
  .meta(exactlyOneOf(...PLACES))
  .describe("A key in a header, in the query or in a cookie, compared by its SHA-256.");

type Spec = z.output<typeof schema>;

/** Where a key stands, and what its place is called there. */
interface KeyPlace {
  in: (typeof PLACES)[number];
  name: string;
}

export const apiKey: Method<Spec> = {
  name: "apiKey",
  schema,
  config,
  plan(spec, path, context) {
    const found = placeOf(spec, path, context);
    if (found === undefined) return undefined;
    const place = [...path, found.in];
    if (!isSound(found, place, context)) return undefined;
    return {
      name: "apiKey",
      config: { [found.in]: found.name },
      where: whereOf(found),
      place,
      ...readsOf(found),
      provides: ["auth.consumer", "auth.tier", "auth.groups", "auth.method"],
      guarantees: ["auth.consumer", "auth.groups", "auth.method"],
      requestHeaders: [],
      takes: (credential) => "apiKey" in credential,
      onlyConsumers: true,
      model: modelOf(found),
      signIn: signInBy(found),
    };
  },
};

function placeOf(spec: Spec, path: Path, context: PolicyContext): KeyPlace | undefined {
  if (PLACES.filter((place) => context.node([...path, place]) !== undefined).length !== 1) {
    context.report(diagnose("SL0488", { keys: PLACES.join(", ") }, context.place(path)));
    return undefined;
  }
  return PLACES.flatMap((place) => {
    const name = spec[place];
    return name === undefined ? [] : [{ in: place, name }];
  })[0];
}

/** False after an error was reported. What stands in URLs is told, and taken. */
function isSound({ in: place, name }: KeyPlace, path: Path, context: PolicyContext): boolean {
  if (place === "header" && NOT_A_CREDENTIAL.test(name)) {
    context.report(diagnose("SL0410", { header: name }, context.place(path)));
    return false;
  }
  if (place === "query") {
    const map = context.node(path.slice(0, -1));
    const entry = map?.kind === "map" ? map.entries.find(({ key }) => key.value === place) : undefined;
    const edits = entry === undefined ? undefined : replaceEntry(entry, "header", "x-api-key");
    const fix = removal("take the key from a header: `header: x-api-key`", false, edits);
    context.report(diagnose("SL0560", { name }, context.place(path), fix));
  }
  return true;
}

function whereOf({ in: place, name }: KeyPlace): string {
  return place === "query" ? `query parameter ${name}` : `${place} ${name}`;
}

function readsOf(found: KeyPlace): Pick<MethodPlan, "readsHeaders" | "readsNamed" | "removes" | "among"> {
  const { in: place, name } = found;
  if (place === "header") return { readsHeaders: [name], removes: [name] };
  const attribute = place === "query" ? "request.query" : "request.cookies";
  return { readsHeaders: [], readsNamed: [written(attribute, name)], removes: [], among: { in: place, name } };
}

function modelOf(place: KeyPlace): MethodModel {
  return {
    look(view) {
      const there = presence(valuesOf(place, view));
      return { present: there !== "absent", reason: { text: `${whereOf(place)} is ${there}` } };
    },
    judge: (view) => judge(place, view),
  };
}

/** All values that are there; undefined if nobody can tell which, or how many. */
function valuesOf({ in: place, name }: KeyPlace, view: RequestView): readonly string[] | undefined {
  if (place === "header") return view.header(name);
  const found = view.attribute(place === "query" ? "request.query" : "request.cookies", name);
  if (found === undefined) return [];
  return typeof found === "string" ? [found] : undefined;
}

function presence(values: readonly string[] | undefined): string {
  if (values === undefined) return "there twice, or in a form that can be read in several ways";
  if (values.length === 0) return "absent";
  return values.length === 1 ? "there" : `there ${values.length} times`;
}

function judge(place: KeyPlace, view: RequestView): MethodVerdict {
  const values = valuesOf(place, view);
  const where = place.in === "header" ? place.name : `the ${whereOf(place)}`;
  if (values === undefined)
    return denied("duplicate-credential", `the ${whereOf(place)} is there twice, or can be read in several ways`);
  const [key = "", ...more] = values;
  if (more.length > 0) return denied("duplicate-credential", `header ${place.name} was sent twice`);
  if (key === "" || Buffer.byteLength(key) > LONGEST_KEY)
    return denied("malformed-credential", `the key in ${where} is empty or too long`);
  // Proxies join repeated headers with commas (RFC 9110, section 5.3).
  if (place.in === "header" && key.includes(","))
    return denied("duplicate-credential", `the key in ${where} has a comma, as joined headers have`);
  const { owner, unset } = ownerOf(key, view);
  if (owner !== undefined)
    return {
      outcome: "allowed",
      caller: { consumer: owner, method: "apiKey" },
      summary: `the key in ${where} is that of ${owner.name}`,
    };
  if (unset.length === 0) return denied("unknown-credential", `the key in ${where} is nobody's`);
  const variables = `${unset.join(", ")} ${unset.length === 1 ? "is" : "are"}`;
  return {
    outcome: "open",
    reason: "unknown-credential",
    summary: `whose key is in ${where} cannot be told, as ${variables} not set here; set what is missing, or name the caller with --as`,
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
function signInBy(place: KeyPlace): MethodSignIn {
  return {
    credential: (consumer) =>
      variableOf(consumer) === undefined
        ? { apiKey: { from: "digest", sha256: digestOf(testKeyOf(consumer)) } }
        : undefined,
    sign: (request, consumer) => withKey(request, place, testKeyOf(consumer)),
  };
}

function withKey(request: ClientRequest, { in: place, name }: KeyPlace, key: string): ClientRequest {
  const { target, headers } = request;
  switch (place) {
    case "header":
      return { ...request, headers: [...headers, [name, key]] };
    case "query": {
      // A fragment is sent as it is written.
      const separator = target.includes("?") ? "&" : "?";
      return { ...request, target: `${target}${separator}${name}=${encodeURIComponent(key)}` };
    }
    case "cookie": {
      const before = headers.flatMap(([other, value]) => (other === "cookie" ? [value] : []));
      const cookie = ["cookie", [...before, `${name}=${key}`].join("; ")] as const;
      return { ...request, headers: [...headers.filter(([other]) => other !== "cookie"), cookie] };
    }
  }
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
