import type { TokenSubject } from "../../../compiler/plan/credentials.js";
import type { ConsumerPlan, Json, JsonObject } from "../../../compiler/plan/plan.js";
import type { MethodSignIn } from "./method.js";

/** What tests need to know of a method to sign a consumer in. */
export interface KnownService {
  issuer: string | undefined;
  audiences: readonly string[];
  /** The member of the answer that names a consumer: names with spaces between them. */
  consumer: string;
}

const PREFIX = "test-token-of-";

/** A consumer that has a subject keeps it; others get one. The runner answers for the service, and knows the tokens. */
export function signInBy(known: KnownService): MethodSignIn & Required<Pick<MethodSignIn, "introspected">> {
  return {
    credential: (consumer) =>
      subjectOf(consumer, known) === undefined ? { jwt: { subject: testSubjectOf(consumer) } } : undefined,
    sign: (request, { name }) => ({
      ...request,
      headers: [...request.headers, ["authorization", `Bearer ${PREFIX}${name}`]],
    }),
    introspected: (token, consumers) => introspected(token, consumers, known),
  };
}

/** What the service says in tests of a token of the runner; undefined of any other. */
export function introspected(
  token: string,
  consumers: readonly ConsumerPlan[],
  known: KnownService,
): JsonObject | undefined {
  const consumer = consumers.find(({ name }) => token === `${PREFIX}${name}`);
  if (consumer === undefined) return undefined;
  const { subject, issuer = known.issuer } = subjectOf(consumer, known) ?? { subject: testSubjectOf(consumer) };
  const [audience] = known.audiences;
  return {
    active: true,
    sub: subject,
    ...(issuer === undefined ? {} : { iss: issuer }),
    ...(audience === undefined ? {} : { aud: audience }),
    ...memberOf(known.consumer.split(" "), subject),
  };
}

function memberOf([name = "sub", ...more]: readonly string[], value: string): Record<string, Json> {
  return { [name]: more.length === 0 ? value : memberOf(more, value) };
}

function testSubjectOf({ name }: ConsumerPlan): string {
  return `test-subject-of-${name}`;
}

function subjectOf({ credentials }: ConsumerPlan, { issuer }: KnownService): TokenSubject | undefined {
  const subjects = credentials.flatMap((credential) => ("jwt" in credential ? [credential.jwt] : []));
  const fits = subjects.filter((subject) => issuer === undefined || [undefined, issuer].includes(subject.issuer));
  return fits.find((subject) => subject.issuer !== undefined) ?? fits[0];
}
