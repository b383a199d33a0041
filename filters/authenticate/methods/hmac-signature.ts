import { createHmac, timingSafeEqual } from "node:crypto";
import type { ConsumerPlan } from "../../../compiler/plan/plan.js";
import type { RequestView } from "../../../compiler/request/verdict.js";
import type { MethodVerdict } from "./method.js";

// HTTP message signatures as the runner of tests makes them and `explain` looks at them: filters/lib/http-signature.ts and signature-base.ts in words.

/** Components that are made of the request and are no header (RFC 9421, section 2.2). */
export const DERIVED = [
  "@method",
  "@target-uri",
  "@authority",
  "@scheme",
  "@request-target",
  "@path",
  "@query",
] as const;

/** What components come of. */
export interface Signed {
  method: string;
  /** Path and query. */
  target: string;
  authority: string;
  scheme: string;
  header(name: string): readonly string[];
}

/** The signature base (section 2.5); undefined if the request has not each of the components, and once. */
export function signatureBase(components: readonly string[], parameters: string, of: Signed): string | undefined {
  const lines = components.map((name) => {
    const value = componentOf(name, of);
    return value === undefined ? undefined : `"${name}": ${value}\n`;
  });
  return lines.includes(undefined) ? undefined : `${lines.join("")}"@signature-params": ${parameters}`;
}

function componentOf(name: string, { method, target, authority, scheme, header }: Signed): string | undefined {
  const question = target.indexOf("?");
  const host = authority.toLowerCase().replace(scheme === "https" ? /:443$/ : /:80$/, "");
  switch (name) {
    case "@method":
      return method;
    case "@target-uri":
      return `${scheme}://${host}${target}`;
    case "@authority":
      return host;
    case "@scheme":
      return scheme;
    case "@request-target":
      return target;
    case "@path":
      return question < 0 ? target : target.slice(0, question);
    case "@query":
      return question < 0 ? "?" : target.slice(question);
    default: {
      const [value, ...more] = header(name);
      return more.length > 0 ? undefined : value?.trim();
    }
  }
}

/** The bytes of a secret, as the value of its variable says them. */
export function secretOf(value: string): Buffer {
  return value.startsWith("base64:") ? Buffer.from(value.slice("base64:".length), "base64") : Buffer.from(value);
}

export function tagOf(secret: Buffer, base: string): Buffer {
  return createHmac("sha256", secret).update(base).digest();
}

const INPUT =
  /^([a-z*][a-z0-9_.*-]*)=(\(((?:"[a-z0-9@!#$%&'*+.^_`|~-]+")(?: "[a-z0-9@!#$%&'*+.^_`|~-]+")*)?\)((?:;[a-z]+=(?:"[ !#-[\]-~]*"|[0-9]{1,15}))*))$/;
const SIGNATURE = /^([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):$/;

/** How far ahead the clock of a client may be, in seconds. */
const SKEW = 5;

/** What comes of a signature, but for nonces: which of them were used, only the gateway knows. */
export function judgeSignature(
  spec: { components: readonly string[]; maxAge: number; nonces: number },
  view: RequestView,
): MethodVerdict {
  const [input = "", ...moreInput] = view.header("signature-input");
  const [field = "", ...moreField] = view.header("signature");
  if (moreInput.length + moreField.length > 0)
    return denied("duplicate-credential", "a header of the signature was sent twice");
  if (input === "" || field === "")
    return denied("malformed-credential", "of signature and signature-input one is missing or empty");
  const [, label, parameters = "", names = "", rest = ""] = INPUT.exec(input) ?? [];
  const [, same, tag = ""] = SIGNATURE.exec(field) ?? [];
  if (label === undefined || label !== same) return open("it is written in a form that is not looked into here");
  const covered = [...names.matchAll(/"([^"]*)"/g)].map(([, name = ""]) => name);
  const of = new Map(
    [...rest.matchAll(/;([a-z]+)=(?:"([^"]*)"|([0-9]+))/g)].map(([, name = "", text, number]) => [
      name,
      text ?? number ?? "",
    ]),
  );
  if ((of.get("alg") ?? "hmac-sha256") !== "hmac-sha256")
    return denied("malformed-credential", "the signature is of another algorithm");
  if (!of.has("keyid") || !of.has("created"))
    return denied("malformed-credential", "the signature has no keyid, or no created");
  if (spec.nonces > 0 && (of.get("nonce") ?? "") === "")
    return denied("malformed-credential", "the signature has no nonce");
  const missing = spec.components.find((name) => !covered.includes(name));
  if (missing !== undefined) return denied("uncovered-component", `the signature does not cover ${missing}`);
  const now = view.attribute("request.time", undefined);
  if (typeof now !== "number" || !isGoodAt(Math.floor(now / 1000), of, spec.maxAge))
    return denied("expired-credential", "the signature is too old, has run out, or was made ahead of time");
  const base = signatureBase(covered, parameters, signedOf(view));
  if (base === undefined)
    return denied("malformed-credential", "the signature covers something that the request has not, or twice");
  return judgeTag(of.get("keyid") ?? "", Buffer.from(tag, "base64"), base, view);
}

function isGoodAt(now: number, of: ReadonlyMap<string, string>, maxAge: number): boolean {
  const created = Number(of.get("created"));
  const expires = of.get("expires");
  if (expires !== undefined && Number(expires) + SKEW <= now) return false;
  return created + maxAge >= now && created <= now + SKEW;
}

/** As Envoy has the request once it has read it. */
function signedOf(view: RequestView): Signed {
  const text = (name: string) => {
    const found = view.attribute(name, undefined);
    return typeof found === "string" ? found : "";
  };
  const { method, target, authority } = view.sent;
  return { method, target, authority, scheme: text("request.scheme"), header: view.header };
}

function judgeTag(keyId: string, tag: Buffer, base: string, { consumers, variable }: RequestView): MethodVerdict {
  const found = ownerOf(keyId, consumers);
  if (found === undefined) return denied("unknown-credential", "the signature names a key that is nobody's");
  const secret = variable(found.variable);
  if (secret === undefined || secret === "")
    return open(`${found.variable} is not set here; set it, or name the caller with --as`);
  const wanted = tagOf(secretOf(secret), base);
  if (wanted.length !== tag.length || !timingSafeEqual(wanted, tag))
    return denied("unknown-credential", "the signature is not one of this request with that key");
  const { consumer } = found;
  const summary = `the signature is that of ${consumer.name}, if its nonce was not used before`;
  return { outcome: "allowed", caller: { consumer, method: "hmac" }, summary };
}

function ownerOf(
  keyId: string,
  consumers: readonly ConsumerPlan[],
): { consumer: ConsumerPlan; variable: string } | undefined {
  for (const consumer of consumers)
    for (const one of consumer.credentials)
      if ("hmac" in one && one.hmac.keyId === keyId) return { consumer, variable: one.hmac.variable };
  return undefined;
}

function denied(reason: string, summary: string): MethodVerdict {
  return { outcome: "denied", reason, summary };
}

function open(why: string): MethodVerdict {
  return { outcome: "open", reason: "unknown-credential", summary: `whose signature it is cannot be told: ${why}` };
}
