import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import { diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import { testValueOf } from "../../../compiler/plan/credentials.js";
import type { ConsumerPlan } from "../../../compiler/plan/plan.js";
import { duration, size } from "../../../compiler/policy/values.js";
import type { ClientRequest } from "../../../compiler/request/request.js";
import { removal, removeEntry } from "../../../compiler/syntax/edits.js";
import { DERIVED, judgeSignature, type Signed, secretOf, signatureBase, tagOf } from "./hmac-signature.js";
import type { Method, MethodModel, MethodSignIn } from "./method.js";

const MOST_NONCES = 1_048_576;
const DAY_MS = 86_400_000;
const LARGEST_BODY = 16_777_216;
const DEFAULT_BODY = 262_144;

const component = z
  .string()
  .max(64)
  .regex(
    new RegExp(`^(${DERIVED.join("|")}|[a-z0-9!#$%&'*+.^_\`|~-]+)$`),
    `a header in small letters, or one of ${DERIVED.join(", ")}`,
  );

const nonces = z
  .int()
  .min(0)
  .max(MOST_NONCES)
  .describe(
    "How many nonces are remembered until their signatures are too old; each is good once. 0: none are asked for, and whoever sees a request can send it again until it is too old.",
  );

const schema = z
  .strictObject({
    components: z
      .array(component)
      .min(1)
      .max(32)
      .describe(
        "What a signature must cover at least: headers by their names in small letters, and derived components.",
      )
      .meta({ examples: [["@method", "@path", "@query"]] }),
    maxAge: duration
      .refine(
        (milliseconds) => milliseconds >= 1000 && milliseconds <= DAY_MS && milliseconds % 1000 === 0,
        "whole seconds, from 1s to 24h",
      )
      .default(300_000)
      .describe("How long after its `created` a signature is good, in whole seconds up to a day.")
      .meta({ default: "5m" }),
    nonces: nonces.default(10_000),
    maxBody: size
      .refine((bytes) => bytes >= 1 && bytes <= LARGEST_BODY, "1 to 16Mi")
      .optional()
      .describe(
        "Where `content-digest` is among the components: the largest body that is compared with it, at most 16Mi. A larger one is answered 413.",
      )
      .meta({ default: "256Ki" }),
  })
  .describe(
    "A signature over parts of the request (RFC 9421, hmac-sha256) in the headers `signature-input` and `signature`.",
  );

const config = z
  .strictObject({
    components: z.array(component).min(1).max(32).describe("What a signature must cover."),
    maxAge: z.int().min(1).max(86_400).describe("Seconds for which it is good after `created`."),
    nonces,
  })
  .describe("A signature over parts of the request (RFC 9421, hmac-sha256).");

const HEADERS = ["signature", "signature-input"] as const;

export const hmac: Method<z.output<typeof schema>> = {
  name: "hmac",
  schema,
  config,
  plan({ components, maxAge, nonces: most, maxBody }, path, context) {
    const signsBody = components.includes("content-digest");
    if (maxBody !== undefined && !signsBody) {
      const edits = removeEntry(context.node(path), "maxBody");
      context.report(
        diagnose("SL0561", {}, context.place([...path, "maxBody"], "key"), removal("remove `maxBody`", true, edits)),
      );
      return undefined;
    }
    return {
      name: "hmac",
      config: { components, maxAge: maxAge / 1000, nonces: most },
      where: "headers signature and signature-input",
      place: path,
      readsHeaders: HEADERS,
      removes: HEADERS,
      provides: ["auth.consumer", "auth.tier", "auth.groups", "auth.method"],
      guarantees: ["auth.consumer", "auth.groups", "auth.method"],
      requestHeaders: [],
      takes: (credential) => "hmac" in credential,
      onlyConsumers: true,
      ...(signsBody ? { digests: maxBody ?? DEFAULT_BODY } : {}),
      model: modelOf({ components, maxAge: maxAge / 1000, nonces: most }),
      signIn: signInBy(components),
    };
  },
};

function modelOf(spec: { components: readonly string[]; maxAge: number; nonces: number }): MethodModel {
  return {
    look(view) {
      const there = HEADERS.filter((name) => view.header(name).length > 0);
      const text = there.length === 0 ? "absent" : `there, in ${there.join(" and ")}`;
      return { present: there.length > 0, reason: { text: `the signature is ${text}` } };
    },
    judge(view) {
      const verdict = judgeSignature(spec, view);
      if (verdict.outcome !== "allowed" || !spec.components.includes("content-digest")) return verdict;
      return { ...verdict, summary: `${verdict.summary}, and its body is what content-digest says` };
    },
  };
}

/** Signs what it can of the components that are needed; a header that the request has not cannot be. */
function signInBy(components: readonly string[]): MethodSignIn {
  return {
    credential: (consumer) => (keyOf(consumer) === undefined ? { hmac: testKeyOf(consumer) } : undefined),
    sign(unsigned, consumer, body) {
      const { keyId, variable } = keyOf(consumer) ?? testKeyOf(consumer);
      const request = components.includes("content-digest") ? withDigest(unsigned, body) : unsigned;
      const signed: Signed = {
        method: request.method,
        target: request.target,
        authority: request.host,
        scheme: request.scheme ?? "http",
        header: (name) => request.headers.filter(([other]) => other === name).map(([, value]) => value),
      };
      const covered = components.filter((one) => one.startsWith("@") || signed.header(one).length === 1);
      const names = covered.map((one) => `"${one}"`).join(" ");
      const created = Math.floor(request.time / 1000);
      const parameters = `(${names});created=${created};keyid="${keyId}";alg="hmac-sha256";nonce="${randomUUID()}"`;
      const base = signatureBase(covered, parameters, signed);
      if (base === undefined) return request;
      const tag = tagOf(secretOf(testValueOf(variable)), base).toString("base64");
      const own = [
        ["signature-input", `sig1=${parameters}`],
        ["signature", `sig1=:${tag}:`],
      ] as const;
      return { ...request, headers: [...request.headers, ...own] };
    },
  };
}

/** A request that says itself what the digest is keeps it. */
function withDigest(request: ClientRequest, body: Uint8Array): ClientRequest {
  if (request.headers.some(([name]) => name === "content-digest")) return request;
  const digest = createHash("sha256").update(body).digest("base64");
  return { ...request, headers: [...request.headers, ["content-digest", `sha-256=:${digest}:`]] };
}

function keyOf({ credentials }: ConsumerPlan): { keyId: string; variable: string } | undefined {
  return credentials.flatMap((one) => ("hmac" in one ? [one.hmac] : []))[0];
}

function testKeyOf({ name }: ConsumerPlan): { keyId: string; variable: string } {
  return { keyId: `test-key-of-${name}`, variable: `TEST_SECRET_OF_${name.toUpperCase().replaceAll("-", "_")}` };
}
