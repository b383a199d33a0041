import { z } from "zod";
import { claimAt } from "../../../compiler/plan/claims.js";
import type { ConsumerPlan } from "../../../compiler/plan/plan.js";
import type { RequestView } from "../../../compiler/request/verdict.js";
import { introspected, type KnownService } from "./introspect-tokens.js";
import type { MethodModel, MethodVerdict } from "./method.js";

const LONGEST = 4_096;

/**
 * `assembly/introspect.ts` in words. Never shows a token.
 *
 * @param where in a test some tokens are the runner's own; what others are, only the service knows
 */
export function modelOf(known: KnownService, where: "gateway" | "test"): MethodModel {
  return {
    look(view) {
      const values = view.header("authorization");
      const present = values.length === 1 && isBearer(values[0] ?? "");
      return { present, reason: { text: `header authorization ${sightOf(values)}` } };
    },
    judge: (view) => judge(known, where, view),
  };
}

function isBearer(value: string): boolean {
  return /^bearer( |$)/i.test(value);
}

function sightOf(values: readonly string[]): string {
  if (values.length === 0) return "is absent";
  if (values.length > 1) return `is there ${values.length} times`;
  return isBearer(values[0] ?? "") ? "has a bearer token" : "has no bearer token";
}

function judge(known: KnownService, where: "gateway" | "test", view: RequestView): MethodVerdict {
  const token = (view.header("authorization")[0] ?? "").slice("bearer ".length);
  if (token === "") return denied("malformed-credential", "there is no token behind Bearer");
  if (token.includes(",")) return denied("duplicate-credential", "the token has a comma, as joined headers have");
  if (Buffer.byteLength(token) > LONGEST) return denied("token-too-long", "the token is too long");
  if (!/^[!-~]+$/.test(token)) return denied("malformed-credential", "the token is not visible ASCII");
  const said = where === "test" ? introspected(token, view.consumers, known) : undefined;
  if (said !== undefined) return allowed(said, known, view.consumers);
  return {
    outcome: "open",
    reason: "token-inactive",
    summary: "whether the token is good, only the service knows that gave it out; name the caller with --as",
  };
}

function denied(reason: string, summary: string): MethodVerdict {
  return { outcome: "denied", reason, summary };
}

const Said = z.looseObject({ sub: z.string().optional(), iss: z.string().optional() });

function allowed(
  said: Readonly<Record<string, unknown>>,
  { consumer: path }: KnownService,
  consumers: readonly ConsumerPlan[],
): MethodVerdict {
  const { sub: subject, iss: issuer } = Said.parse(said);
  const consumer = consumerOf(issuer, claimAt(said, path), consumers);
  const who =
    consumer === undefined ? "it is for nobody whom the gateway knows as a consumer" : `it is that of ${consumer.name}`;
  return {
    outcome: "allowed",
    caller: {
      method: "introspect",
      scopes: [],
      claims: said,
      ...(consumer === undefined ? {} : { consumer }),
      ...(subject === undefined ? {} : { subject }),
      ...(issuer === undefined ? {} : { issuer }),
    },
    summary: `the service says that the token is good, and ${who}`,
  };
}

function consumerOf(
  issuer: string | undefined,
  subject: unknown,
  consumers: readonly ConsumerPlan[],
): ConsumerPlan | undefined {
  const has = (of: string | undefined) =>
    consumers.find(({ credentials }) =>
      credentials.some((one) => "jwt" in one && one.jwt.subject === subject && one.jwt.issuer === of),
    );
  return has(issuer) ?? has(undefined);
}
