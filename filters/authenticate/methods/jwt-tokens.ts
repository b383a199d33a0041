import { createECDH, createHash, createPrivateKey, type KeyObject, sign } from "node:crypto";
import type { TokenSubject } from "../../../compiler/plan/credentials.js";
import type { ConsumerPlan, Json, JsonObject } from "../../../compiler/plan/plan.js";
import type { ClientRequest } from "../../../compiler/request/request.js";
import type { MethodSignIn } from "./method.js";

/** What tests need to know of a method to sign a consumer in. */
export interface KnownIssuer {
  issuer: string;
  audiences: readonly string[];
  /** The claim that names a consumer: names with spaces between them. */
  consumer: string;
}

const TEST_ALGORITHM = "ES256";
const TEST_KID = "sluice-test";
/** The last second that a token may have: tests have clocks of their own. */
const LATEST = 253_402_300_799;

const parts = { kty: "EC", crv: "P-256", ...pairOf("a key that everybody may know, for tests") };

/** The runner's own key. It is no secret: no gateway outside of a test has it. */
function pairOf(seed: string): { d: string; x: string; y: string } {
  const pair = createECDH("prime256v1");
  pair.setPrivateKey(createHash("sha256").update(seed).digest());
  const point = pair.getPublicKey();
  return {
    d: pair.getPrivateKey().toString("base64url"),
    x: point.subarray(1, 33).toString("base64url"),
    y: point.subarray(33).toString("base64url"),
  };
}

/** The public part, as the modules read it. */
export const TEST_KEY = {
  algorithms: [TEST_ALGORITHM],
  kid: TEST_KID,
  config: { kty: "EC", kid: TEST_KID, alg: TEST_ALGORITHM, crv: "P-256", x: parts.x, y: parts.y },
} as const;

let key: KeyObject | undefined;

/** A token by the runner's own key. */
export function testToken(claims: JsonObject): string {
  key ??= createPrivateKey({ key: parts, format: "jwk" });
  const header = { alg: TEST_ALGORITHM, typ: "JWT", kid: TEST_KID };
  const text = [header, claims].map(encoded).join(".");
  const signature = sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

function encoded(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** A consumer that has a subject keeps it; others get one. */
export function signInBy(known: KnownIssuer): MethodSignIn {
  return {
    credential: (consumer) =>
      subjectOf(consumer, known) === undefined ? { jwt: { subject: testSubjectOf(consumer) } } : undefined,
    sign: (request, consumer) => withToken(request, tokenOf(consumer, known)),
    token(request, claims) {
      const said = Object.entries({ ...accepted(known), ...claims }).filter(([, value]) => value !== null);
      return withToken(request, testToken(Object.fromEntries(said)));
    },
  };
}

/** What every token has to claim that the policy takes. */
function accepted({ issuer, audiences }: KnownIssuer) {
  return { iss: issuer, aud: audiences[0] ?? "", exp: LATEST };
}

function withToken(request: ClientRequest, token: string): ClientRequest {
  return { ...request, headers: [...request.headers, ["authorization", `Bearer ${token}`]] };
}

const tokens = new Map<string, string>();

/** The same in every request of a run, as clients send them. */
function tokenOf(consumer: ConsumerPlan, known: KnownIssuer): string {
  const subject = subjectOf(consumer, known)?.subject ?? testSubjectOf(consumer);
  const claims = { ...accepted(known), sub: subject, ...claimOf(known.consumer.split(" "), subject) };
  const name = JSON.stringify(claims);
  const token = tokens.get(name) ?? testToken(claims);
  tokens.set(name, token);
  return token;
}

function claimOf([name = "sub", ...more]: readonly string[], value: string): Record<string, Json> {
  return { [name]: more.length === 0 ? value : claimOf(more, value) };
}

function testSubjectOf({ name }: ConsumerPlan): string {
  return `test-subject-of-${name}`;
}

function subjectOf({ credentials }: ConsumerPlan, { issuer }: KnownIssuer): TokenSubject | undefined {
  const subjects = credentials.flatMap((credential) => ("jwt" in credential ? [credential.jwt] : []));
  return (
    subjects.find((subject) => subject.issuer === issuer) ?? subjects.find((subject) => subject.issuer === undefined)
  );
}
