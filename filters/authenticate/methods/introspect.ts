import { z } from "zod";
import { diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import type { JsonObject } from "../../../compiler/plan/plan.js";
import { authorityOf } from "../../../compiler/policy/authority.js";
import type { PolicyContext } from "../../../compiler/policy/kind.js";
import { duration, environmentReference, headerName, positiveDuration } from "../../../compiler/policy/values.js";
import type { Path } from "../../../compiler/syntax/document.js";
import { claimPath, pathOfClaim } from "./claim-path.js";
import { config, LONGEST_TIMEOUT_MS, LONGEST_TTL_MS, MOST_CACHED, MOST_PENDING } from "./introspect-config.js";
import { modelOf } from "./introspect-model.js";
import { signInBy } from "./introspect-tokens.js";
import { type ClaimHeader, planClaimHeaders } from "./jwt-claims.js";
import type { Method } from "./method.js";

const REMEMBERED = 1024;
const PENDING = 1024;

const text = z.string().min(1).max(1024);

const claim = claimPath("member");

const schema = z
  .strictObject({
    service: z.string().describe("Name of a service under `services`: the one that gives the tokens out."),
    path: z
      .string()
      .max(1024)
      .regex(/^\/[!-~]*$/, "a path starts with `/` and is written as it is sent")
      .describe("Its introspection endpoint.")
      .meta({ examples: ["/introspect"] }),
    client: environmentReference
      .describe("`env:NAME`: the variable with the id by which the gateway signs in there, by HTTP Basic.")
      .meta({ examples: ["env:IDP_CLIENT"] }),
    secret: environmentReference
      .describe("`env:NAME`: the variable with the secret that goes with it.")
      .meta({ examples: ["env:IDP_SECRET"] }),
    timeout: positiveDuration
      .refine((milliseconds) => milliseconds <= LONGEST_TIMEOUT_MS, "at most 1m")
      .prefault("2s")
      .describe("How long its answer may take, while requests wait. Without one they are answered 503."),
    cache: duration
      .refine((milliseconds) => milliseconds <= LONGEST_TTL_MS, "at most 1h")
      .prefault("30s")
      .describe(
        "How long an answer holds, be it good or bad, and so how long a token may still be good here that was revoked; never longer than the token. `0s` asks anew for every request.",
      ),
    remember: z
      .int()
      .min(0)
      .max(MOST_CACHED)
      .default(REMEMBERED)
      .describe(
        "About of how many good tokens each worker remembers the answer, at 2 KiB each, and of as many bad ones.",
      ),
    pending: z
      .int()
      .min(1)
      .max(MOST_PENDING)
      .default(PENDING)
      .describe("Requests that may wait in each worker at once; more are answered 503."),
    issuer: text
      .optional()
      .describe("Whose tokens they are: their `iss`, byte for byte; not looked at without this key.")
      .meta({ examples: ["https://id.example.com/"] }),
    audiences: z
      .array(text)
      .min(1)
      .max(64)
      .optional()
      .describe("Whom tokens have to be for: one of their `aud` is one of these; not looked at without this key."),
    consumer: z
      .string()
      .regex(/^claims\.\S+$/, "it is a member of the answer, such as `claims.client_id`")
      .default("claims.sub")
      .describe("The member of the answer that names a consumer by the `subject` of its `jwt` credential.")
      .meta({ examples: ["claims.client_id"] }),
    claimsToHeaders: z
      .record(claim, headerName.describe("The header that tells it."))
      .default({})
      .describe("Headers that tell the service what the answer says; nobody else can write them."),
  })
  .describe(
    "A token in `Authorization: Bearer` that only whoever gave it out can read (RFC 7662). Beside `jwt`, tokens of three parts are JSON Web Tokens, and all others are introspected.",
  );

type Spec = z.output<typeof schema>;

export const introspect: Method<Spec> = {
  name: "introspect",
  schema,
  config,
  plan(spec, path, context) {
    const headers = planClaimHeaders(spec.claimsToHeaders, [...path, "claimsToHeaders"], context);
    if (headers === undefined) return undefined;
    warnOfPlainText(spec.service, [...path, "service"], context);
    const { service, issuer, audiences } = spec;
    const consumer = pathOfClaim(spec.consumer.slice("claims.".length));
    const known = { issuer, audiences: audiences ?? [], consumer };
    const own = configOf(spec, { headers, consumer, authority: authorityOf(service, context.gateway.services) });
    return {
      name: "introspect",
      config: own,
      inTests: { config: own, model: modelOf(known, "test") },
      asks: { service, path: spec.path, origin: context.place([...path, "service"]) },
      variables: [spec.client, spec.secret],
      ownedRequestHeaders: headers.map(({ header }) => header),
      where: "header authorization (Bearer)",
      scheme: "Bearer",
      place: path,
      readsHeaders: ["authorization"],
      removes: ["authorization"],
      provides: PROVIDES,
      guarantees: issuer === undefined ? ["auth.method"] : ["auth.issuer", "auth.method"],
      requestHeaders: headers.map(({ header }) => ({ name: header, property: `claim.${header}`, told: "claims" })),
      takes: (credential) =>
        "jwt" in credential &&
        (credential.jwt.issuer === undefined || issuer === undefined || credential.jwt.issuer === issuer),
      onlyConsumers: false,
      model: modelOf(known, "gateway"),
      signIn: signInBy(known),
    };
  },
};

const PROVIDES = [
  "auth.claims",
  "auth.consumer",
  "auth.groups",
  "auth.issuer",
  "auth.method",
  "auth.scopes",
  "auth.subject",
  "auth.tier",
];

interface Planned {
  headers: readonly ClaimHeader[];
  consumer: string;
  authority: string;
}

function configOf(spec: Spec, { headers, consumer, authority }: Planned): JsonObject {
  const { service, path, client, secret, timeout, cache, remember, pending, issuer, audiences } = spec;
  return {
    cluster: service,
    authority,
    path,
    client: `env:${client}`,
    secret: `env:${secret}`,
    timeoutMs: timeout,
    ttlMs: cache,
    cache: remember,
    pending,
    ...(issuer === undefined ? {} : { issuer }),
    ...(audiences === undefined ? {} : { audiences }),
    consumer,
    claimsToHeaders: headers.map(({ claim, header }) => ({ claim, header })),
  };
}

/** Tokens, and the secret of the gateway, are nobody else's (RFC 7662, section 4). */
function warnOfPlainText(service: string, path: Path, context: PolicyContext): void {
  const known = Object.hasOwn(context.gateway.services, service) ? context.gateway.services[service] : undefined;
  if (known === undefined || known.tls !== undefined) return;
  const hosts = [...(known.endpoints ?? []), ...(known.dns === undefined ? [] : [known.dns])].map(({ host }) => host);
  if (hosts.every((host) => LOOPBACK.test(host))) return;
  context.report(diagnose("SL0540", { service }, context.place(path)));
}

const LOOPBACK = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|\[::1\]|localhost)$/;
