import { z } from "zod";
import { isLoopback } from "../../oci/reference.js";
import { EnvironmentError } from "../exit.js";
import { challengeIn } from "./challenge.js";
import type { Credentials } from "./credentials.js";

const tokenSchema = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** What a token is asked for. */
export interface Access {
  readonly registry: string;
  /** `repository:sluice/guard:pull,push` */
  readonly scope: string;
  readonly credentials?: Credentials;
}

/**
 * The `authorization` that answers a challenge; undefined if there is nothing to answer it with.
 *
 * @param send what sends a request, and says in one line why it could not
 * @throws EnvironmentError if credentials would be seen by others, or whoever gives tokens gives none
 */
export async function authorizationFor(
  challenge: string,
  { registry, scope, credentials }: Access,
  send: (url: URL, init: RequestInit) => Promise<Response>,
): Promise<string | undefined> {
  if (credentials?.kind === "bearer") return `Bearer ${credentials.token}`;
  const asked = challengeIn(challenge);
  if (asked === undefined) return undefined;
  if (asked.scheme === "basic") return credentials?.kind === "password" ? basic(credentials) : undefined;
  const realm = realmOf(asked.realm, registry, credentials !== undefined);
  const service = asked.service === undefined ? {} : { service: asked.service };
  const answer =
    credentials?.kind === "identity"
      ? await send(realm, {
          method: "POST",
          body: new URLSearchParams({
            grant_type: "refresh_token",
            client_id: "sluice",
            refresh_token: credentials.token,
            scope,
            ...service,
          }),
        })
      : await send(withQuery(realm, { scope, ...service }), {
          headers: credentials === undefined ? {} : { authorization: basic(credentials) },
        });
  if (answer.status === 401 || answer.status === 403) return undefined;
  const { data } = tokenSchema.safeParse(answer.ok ? await answer.json().catch(() => undefined) : undefined);
  const token = data?.token ?? data?.access_token;
  if (token === undefined)
    throw new EnvironmentError(
      `${realm.origin}, where ${registry} has tokens given, gave none (status ${answer.status})`,
    );
  return `Bearer ${token}`;
}

function basic({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function withQuery(url: URL, parameters: Readonly<Record<string, string>>): URL {
  const result = new URL(url);
  for (const [name, value] of Object.entries(parameters)) result.searchParams.set(name, value);
  return result;
}

/** Whoever is in the network must not read what is sent there. */
function realmOf(text: string, registry: string, hasCredentials: boolean): URL {
  const realm = URL.canParse(text) ? new URL(text) : undefined;
  if (realm === undefined || !/^https?:$/.test(realm.protocol))
    throw new EnvironmentError(`${registry} has tokens given at an address that is none of HTTP`);
  if (hasCredentials && realm.protocol === "http:" && !isLoopback(realm.host))
    throw new EnvironmentError(
      `${registry} has tokens given at ${realm.origin}, without TLS; the credentials for it were not sent`,
    );
  return realm;
}
