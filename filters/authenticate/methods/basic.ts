import { z } from "zod";
import type { ConsumerPlan } from "../../../compiler/plan/plan.js";
import { isVerifierOf, LEAST_ROUNDS, LONGEST_PASSWORD, verifierOf } from "../../../compiler/plan/verifier.js";
import type { RequestView } from "../../../compiler/request/verdict.js";
import type { Method, MethodModel, MethodSignIn, MethodVerdict } from "./method.js";
import { realm } from "./realm.js";

/** As the module takes them (`../assembly/basic.ts`). */
const LONGEST_CREDENTIAL = 4_096;
const LONGEST_USER = 512;

const HEADER = "authorization";

const schema = z
  .strictObject({
    realm: realm
      .optional()
      .describe("What browsers show when they ask for the password; the name of the gateway if absent.")
      .meta({ examples: ["shop"] }),
  })
  .describe("A user and a password in `authorization`, as browsers ask for them.");

const config = z
  .strictObject({ realm: realm.optional().describe("Told in its challenge; that of the policy without this key.") })
  .describe("A user and a password in `authorization`.");

export const basic: Method<z.output<typeof schema>> = {
  name: "basic",
  schema,
  config,
  plan: (spec, path) => ({
    name: "basic",
    config: spec.realm === undefined ? {} : { realm: spec.realm },
    where: `header ${HEADER} (Basic)`,
    place: path,
    readsHeaders: [HEADER],
    scheme: "Basic",
    removes: [HEADER],
    provides: ["auth.consumer", "auth.tier", "auth.groups", "auth.method"],
    guarantees: ["auth.consumer", "auth.groups", "auth.method"],
    requestHeaders: [],
    takes: (credential) => "basic" in credential,
    onlyConsumers: true,
    model,
    signIn,
  }),
};

const model: MethodModel = {
  look(view) {
    const [header, ...more] = view.header(HEADER);
    const present = header !== undefined && more.length === 0 && isBasic(header);
    const other = header === undefined ? "absent" : "there, with another scheme";
    return { present, reason: { text: `header ${HEADER} is ${present ? "there, with the scheme Basic" : other}` } };
  },
  judge,
};

function isBasic(header: string): boolean {
  return /^basic( |$)/i.test(header);
}

function judge(view: RequestView): MethodVerdict {
  const [header = ""] = view.header(HEADER);
  const text = header.slice("basic ".length);
  // Envoy joins repeated headers with commas (RFC 9110, section 5.3).
  if (text.includes(",")) return denied("duplicate-credential", `header ${HEADER} was sent twice`);
  const found = decoded(text);
  if (found === undefined)
    return denied("malformed-credential", `header ${HEADER} has no user and password in base64 (RFC 7617)`);
  const consumer = ownerOf(found, view.consumers);
  if (consumer === undefined) return denied("unknown-credential", `the user and password in ${HEADER} are nobody's`);
  return {
    outcome: "allowed",
    caller: { consumer, method: "basic" },
    summary: `the user and password in ${HEADER} are those of ${consumer.name}`,
  };
}

function denied(reason: string, summary: string): MethodVerdict {
  return { outcome: "denied", reason, summary };
}

interface UserPassword {
  user: string;
  password: Uint8Array;
}

/** One text stands for each credential, strictly; undefined for any other. */
function decoded(text: string): UserPassword | undefined {
  if (text === "" || text.length > LONGEST_CREDENTIAL) return undefined;
  const bytes = Buffer.from(text, "base64");
  const colon = bytes.indexOf(":");
  const [user, password] = [bytes.subarray(0, Math.max(colon, 0)), bytes.subarray(colon + 1)];
  const isSound =
    bytes.toString("base64") === text &&
    Buffer.from(bytes.toString("utf8")).equals(bytes) &&
    bytes.every((byte) => byte >= 0x20 && byte !== 0x7f) &&
    user.length > 0 &&
    user.length <= LONGEST_USER &&
    password.length > 0 &&
    password.length <= LONGEST_PASSWORD;
  return isSound ? { user: user.toString("utf8"), password } : undefined;
}

function ownerOf({ user, password }: UserPassword, consumers: readonly ConsumerPlan[]): ConsumerPlan | undefined {
  return consumers.find(({ credentials }) =>
    credentials.some(
      (credential) =>
        "basic" in credential && credential.basic.user === user && isVerifierOf(credential.basic.verifier, password),
    ),
  );
}

const signIn: MethodSignIn = {
  credential: (consumer) => ({ basic: { user: testUserOf(consumer), verifier: testVerifierOf(consumer) } }),
  sign(request, consumer) {
    const text = Buffer.from(`${testUserOf(consumer)}:${testPasswordOf(consumer)}`).toString("base64");
    return { ...request, headers: [...request.headers, [HEADER, `Basic ${text}`]] };
  },
};

function testUserOf({ name }: ConsumerPlan): string {
  return `test-user-of-${name}`;
}

function testPasswordOf({ name }: ConsumerPlan): string {
  return `test-password-of-${name}`;
}

/** The same in every run. */
function testVerifierOf(consumer: ConsumerPlan): string {
  return verifierOf(testPasswordOf(consumer), LEAST_ROUNDS, Buffer.alloc(16, consumer.name));
}
