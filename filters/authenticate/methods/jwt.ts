import { z } from "zod";
import { diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import type { JsonObject } from "../../../compiler/plan/plan.js";
import type { PolicyContext } from "../../../compiler/policy/kind.js";
import { duration, exactlyOneOf, headerName, tokenKeyReference } from "../../../compiler/policy/values.js";
import type { Path } from "../../../compiler/syntax/document.js";
import { removal, removeItem } from "../../../compiler/syntax/edits.js";
import { claimPath, pathOfClaim } from "./claim-path.js";
import { ALGORITHMS, type Algorithm, isAlgorithm, keyTypeOf } from "./jwt-algorithms.js";
import { type ClaimHeader, planClaimHeaders } from "./jwt-claims.js";
import { config } from "./jwt-config.js";
import { type JwtKey, reportAlgorithm } from "./jwt-keys.js";
import { modelOf } from "./jwt-model.js";
import { algorithmsOfService, type PublishedKeys, publishedKeys, reportKeysOfService } from "./jwt-service.js";
import { jwks } from "./jwt-set-schema.js";
import { keySetOf } from "./jwt-sets.js";
import { signInBy, TEST_KEY } from "./jwt-tokens.js";
import type { Method } from "./method.js";

const MOST_SKEW_MS = 60_000;
const SKEW_MS = 30_000;
const MOST_CACHED = 16_384;
const CACHED = 1024;

const text = z.string().min(1).max(1024);

const claim = claimPath("claim");

const schema = z
  .strictObject({
    issuer: text
      .describe("Whose tokens they are: their `iss`, byte for byte.")
      .meta({ examples: ["https://id.example.com/"] }),
    audiences: z.array(text).min(1).max(64).describe("Whom tokens have to be for: one of their `aud` is one of these."),
    jwks: jwks.optional(),
    secret: tokenKeyReference
      .optional()
      .describe(
        "`env:NAME`: the variable that holds the secret of the issuer, in place of `jwks`; its bytes as they are, 32 at least.",
      ),
    algorithms: z
      .array(z.string())
      .min(1)
      .max(8)
      .optional()
      .describe("By which tokens may be signed; those that the keys are for without this key.")
      .meta({ examples: ALGORITHMS.map((one) => [one]) }),
    skew: duration
      .refine((ms) => ms <= MOST_SKEW_MS && ms % 1000 === 0, "clocks may differ by whole seconds, 60s at most")
      .default(SKEW_MS)
      .describe("By how much the clocks of the issuer and of the gateway may differ."),
    consumer: z
      .string()
      .regex(/^claims\.\S+$/, "it is a claim, such as `claims.azp`")
      .default("claims.sub")
      .describe("The claim that names a consumer by the `subject` of its `jwt` credential.")
      .meta({ examples: ["claims.azp"] }),
    claimsToHeaders: z
      .record(claim, headerName.describe("The header that tells the claim."))
      .default({})
      .describe("Headers that tell the service what a token claims; nobody else can write them."),
    cache: z
      .int()
      .min(0)
      .max(MOST_CACHED)
      .default(CACHED)
      .describe("About how many verified tokens each worker remembers, at 2 KiB each; 0 for none."),
  })
  .meta(exactlyOneOf("jwks", "secret"))
  .describe("A JSON Web Token in `Authorization: Bearer`, signed by one issuer.");

type Spec = z.output<typeof schema>;

export const jwt: Method<Spec> = {
  name: "jwt",
  schema,
  config,
  plan(spec, path, context) {
    const source = sourceOf(spec, path, context);
    const keys = source?.keys;
    const published = source?.published;
    const headers = planClaimHeaders(spec.claimsToHeaders, [...path, "claimsToHeaders"], context);
    const algorithms =
      published === undefined
        ? algorithmsOf(spec, keys, path, context)
        : algorithmsOfService(spec.algorithms, [...path, "algorithms"], context);
    if (keys === undefined || headers === undefined || algorithms === undefined) return undefined;
    warnOfTwins(keys, algorithms, context);
    const consumer = pathOfClaim(spec.consumer.slice("claims.".length));
    const { issuer, audiences, skew } = spec;
    const own = configOf(spec, { keys, published, algorithms, headers, consumer });
    const known = { issuer, audiences, consumer };
    const elsewhere = published?.source.service;
    const testKey: JwtKey = { ...TEST_KEY, node: { kind: "map", entries: [], span: context.place(path) } };
    const taken = unique([...algorithms, ...testKey.algorithms]);
    const seconds = skew / 1000;
    return {
      name: "jwt",
      config: own,
      inTests: {
        config: {
          ...own,
          ...(published === undefined ? { keys: [...publicKeys(keys), testKey.config] } : {}),
          algorithms: [...taken],
        },
        model: modelOf({ ...known, skew: seconds, keys: [...keys, testKey], elsewhere, algorithms: taken }),
      },
      verifiesSignatures: true,
      ...(published === undefined ? {} : { fetches: published }),
      variables: keys.flatMap(variableOf),
      ownedRequestHeaders: headers.map(({ header }) => header),
      where: "header authorization (Bearer)",
      scheme: "Bearer",
      place: path,
      readsHeaders: ["authorization"],
      removes: ["authorization"],
      provides: PROVIDES,
      guarantees: ["auth.issuer", "auth.method"],
      requestHeaders: headers.map(({ header }) => ({ name: header, property: `claim.${header}`, told: "claims" })),
      takes: (credential) =>
        "jwt" in credential && (credential.jwt.issuer === undefined || credential.jwt.issuer === issuer),
      onlyConsumers: false,
      model: modelOf({ ...known, skew: seconds, keys, elsewhere, algorithms }),
      signIn: { ...signInBy(known), ...(published === undefined ? {} : { keys: [TEST_KEY.config] }) },
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
  keys: readonly JwtKey[];
  published: PublishedKeys | undefined;
  algorithms: readonly Algorithm[];
  headers: readonly ClaimHeader[];
  consumer: string;
}

function configOf(
  { issuer, audiences, skew, cache }: Spec,
  { keys, published, algorithms, headers, consumer }: Planned,
): JsonObject {
  const used = keys.filter((key) => key.algorithms.some((one) => algorithms.includes(one)));
  return {
    issuer,
    audiences,
    algorithms: [...algorithms],
    ...(published === undefined ? { keys: used.map((key) => key.config) } : { jwks: published.config }),
    skew: skew / 1000,
    consumer,
    claimsToHeaders: headers.map(({ claim, header }) => ({ claim, header })),
    cache,
  };
}

/** Secrets are in the environment, which in tests has others. */
function publicKeys(keys: readonly JwtKey[]): JsonObject[] {
  return keys.filter(({ config }) => config.kty !== "oct").map((key) => key.config);
}

function variableOf({ config }: JwtKey): string[] {
  return [config.k, config.secret].flatMap((value) => (typeof value === "string" ? value.slice("env:".length) : []));
}

/** The keys that stand in the policy, or where they are published. */
interface Source {
  keys: readonly JwtKey[];
  published?: PublishedKeys;
}

function sourceOf(spec: Spec, path: Path, context: PolicyContext): Source | undefined {
  const written = (key: string) => context.node([...path, key]) !== undefined;
  if (written("jwks") === written("secret")) {
    context.report(diagnose("SL0489", {}, context.place(path)));
    return undefined;
  }
  if (spec.secret !== undefined)
    return { keys: [secretKey(spec.secret, spec.algorithms, [...path, "secret"], context)] };
  const place = [...path, "jwks"];
  if (typeof spec.jwks === "object" && spec.jwks.keys === undefined && spec.jwks.service !== undefined) {
    const published = publishedKeys(spec.jwks, spec.jwks.service, place, context);
    return published === undefined ? undefined : { keys: [], published };
  }
  const isClear = reportKeysOfService(spec.jwks, place, context);
  const keys = keySetOf(spec.jwks, place, context);
  return keys === undefined || !isClear ? undefined : { keys };
}

function secretKey(
  variable: string,
  algorithms: readonly string[] | undefined,
  path: Path,
  context: PolicyContext,
): JwtKey {
  const [alg = "HS256"] = (algorithms ?? []).filter(isAlgorithm).filter((one) => keyTypeOf(one) === "oct");
  const node = context.node(path);
  const span = context.place(path);
  return {
    algorithms: [alg],
    kid: undefined,
    config: { kty: "oct", alg, secret: `env:${variable}` },
    node: node ?? { kind: "map", entries: [], span },
  };
}

/** Those that are written, each of which a key is for; without any, those of the keys. */
function algorithmsOf(
  { algorithms }: Spec,
  keys: readonly JwtKey[] | undefined,
  path: Path,
  context: PolicyContext,
): readonly Algorithm[] | undefined {
  const possible = unique((keys ?? []).flatMap((key) => key.algorithms));
  if (algorithms === undefined) return defaultsOf(keys ?? []);
  const list = context.node([...path, "algorithms"]);
  const known: Algorithm[] = [];
  for (const [index, algorithm] of algorithms.entries()) {
    const fix = removal("remove it", false, list?.kind === "list" ? removeItem(list, index) : undefined);
    const node = context.node([...path, "algorithms", index]);
    if (!isAlgorithm(algorithm)) {
      if (node !== undefined) reportAlgorithm(node, algorithm, fix, context);
    } else if (keys !== undefined && !possible.includes(algorithm))
      context.report(diagnose("SL0495", { algorithm }, context.place([...path, "algorithms", index]), fix));
    else known.push(algorithm);
  }
  return known.length === algorithms.length ? unique(known) : undefined;
}

/** An RSA key that does not say what it is for is for RS256, as nearly every issuer has it. */
function defaultsOf(keys: readonly JwtKey[]): Algorithm[] {
  return unique(keys.flatMap((key) => (key.algorithms.includes("RS256") ? ["RS256" as const] : key.algorithms)));
}

/** Of two keys that a token could mean, none is tried. */
function warnOfTwins(keys: readonly JwtKey[], algorithms: readonly Algorithm[], context: PolicyContext): void {
  for (const [index, key] of keys.entries()) {
    const shared = (other: JwtKey) =>
      other.kid === key.kid
        ? algorithms.find((one) => key.algorithms.includes(one) && other.algorithms.includes(one))
        : undefined;
    const first = keys.slice(0, index).find((other) => shared(other) !== undefined);
    const algorithm = first === undefined ? undefined : shared(first);
    if (first === undefined || algorithm === undefined) continue;
    const how = key.kid === undefined ? "and neither has a `kid`" : `and have the \`kid\` \`${key.kid}\``;
    const related = [{ message: "the other one", span: first.node.span }];
    context.report(diagnose("SL0497", { algorithm, how }, key.node.span, { related }));
  }
}

function unique<Item>(items: readonly Item[]): Item[] {
  return [...new Set(items)];
}
