import { z } from "zod";
import { visible } from "../../diagnostics/render/visible.js";
import { MOST_BYTES } from "../../oci/media.js";
import { isLoopback, type Reference } from "../../oci/reference.js";
import { EnvironmentError } from "../exit.js";
import { authorizationFor } from "./authorization.js";
import type { Credentials } from "./credentials.js";

/** One repository of a registry, by the OCI distribution specification 1.1. */
export interface Repository {
  /** @returns false if it was there already */
  pushBlob(digest: string, bytes: Uint8Array): Promise<boolean>;
  /**
   * @param name a tag or the digest
   * @returns whether the registry keeps, by itself, what belongs to what
   */
  pushManifest(name: string, manifest: PushedManifest): Promise<{ readonly keepsReferrers: boolean }>;
  /** Undefined if it is not there. */
  manifest(name: string): Promise<{ readonly mediaType: string; readonly bytes: Uint8Array } | undefined>;
  blob(digest: string): Promise<Uint8Array | undefined>;
}

export interface PushedManifest {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Uint8Array;
}

export interface RegistryOptions {
  readonly plainHttp: boolean;
  readonly credentials?: Credentials;
  /** Else it is read only. */
  readonly push: boolean;
  /** Media types of manifests that are taken. */
  readonly accept: readonly string[];
}

/** As registries take at least (distribution 1.1, "Pushing Manifests"). */
const MOST_OF_MANIFEST = 4 * 1024 * 1024;

/** Beyond that nobody waits. Milliseconds. */
const TIMEOUT_MS = 120_000;

/** @throws EnvironmentError, each of its functions, if the registry cannot be reached or refuses */
export function repositoryOf({ registry, repository }: Reference, options: RegistryOptions): Repository {
  const base = new URL(`${options.plainHttp ? "http" : "https"}://${registry}/v2/${repository}/`);
  const access = {
    registry,
    scope: `repository:${repository}:${options.push ? "pull,push" : "pull"}`,
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  };
  if (options.plainHttp && options.credentials !== undefined && !isLoopback(registry))
    throw new EnvironmentError(
      `without TLS everybody on the way to ${registry} could read the credentials for it; leave out --plain-http, or run \`docker logout ${registry}\``,
    );
  let authorization: string | undefined;

  async function ask(method: string, url: URL, init: RequestInit = {}): Promise<Response> {
    const answer = await once(method, url, init);
    const challenge = answer.headers.get("www-authenticate");
    if (answer.status !== 401 || challenge === null || url.origin !== base.origin) return answer;
    authorization = await authorizationFor(challenge, access, (to, how) => send(to, how, registry));
    if (authorization === undefined) return answer;
    await answer.body?.cancel();
    return once(method, url, init);
  }

  function once(method: string, url: URL, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    // An upload may go elsewhere, to somebody whom the credentials are not for.
    if (authorization !== undefined && url.origin === base.origin) headers.set("authorization", authorization);
    return send(url, { ...init, method, headers }, registry);
  }

  async function got(url: URL, init: RequestInit): Promise<Response | undefined> {
    const answer = await ask("GET", url, init);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw await refusal(answer, `${registry} does not give ${nameIn(url)}`, registry);
    return answer;
  }

  return {
    async pushBlob(digest, bytes) {
      const there = await ask("HEAD", new URL(`blobs/${digest}`, base));
      if (there.status === 200) return false;
      const begun = await ask("POST", new URL("blobs/uploads/", base), { headers: { "content-length": "0" } });
      const location = begun.headers.get("location");
      if (begun.status !== 202 || location === null)
        throw await refusal(begun, `${registry} takes no upload to ${repository}`, registry);
      const to = new URL(location, base);
      to.searchParams.set("digest", digest);
      const headers = { "content-type": "application/octet-stream", "content-length": String(bytes.length) };
      const put = await ask("PUT", to, { headers, body: Buffer.from(bytes) });
      if (put.status !== 201) throw await refusal(put, `${registry} does not take ${digest}`, registry);
      return true;
    },
    async pushManifest(name, { mediaType, digest, bytes }) {
      const put = await ask("PUT", new URL(`manifests/${name}`, base), {
        headers: { "content-type": mediaType },
        body: Buffer.from(bytes),
      });
      if (put.status !== 201) throw await refusal(put, `${registry} does not take the manifest ${name}`, registry);
      const said = put.headers.get("docker-content-digest");
      if (said !== null && said !== digest)
        throw new EnvironmentError(
          `${registry} has stored ${visible(said)} in place of ${digest}; it changes manifests`,
        );
      return { keepsReferrers: put.headers.has("oci-subject") };
    },
    async manifest(name) {
      const answer = await got(new URL(`manifests/${name}`, base), { headers: { accept: options.accept.join(", ") } });
      if (answer === undefined) return undefined;
      const mediaType = (answer.headers.get("content-type") ?? "").replace(/\s*;.*/s, "");
      return { mediaType, bytes: await bytesOf(answer, registry, MOST_OF_MANIFEST) };
    },
    async blob(digest) {
      const answer = await got(new URL(`blobs/${digest}`, base), {});
      return answer === undefined ? undefined : bytesOf(answer, registry, MOST_BYTES);
    },
  };
}

function nameIn(url: URL): string {
  return url.pathname.replace(/^.*\//, "");
}

async function send(url: URL, init: RequestInit, registry: string): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw new EnvironmentError(`${registry} cannot be asked: ${whyNot(error)}`);
  }
}

/** A registry may give what it likes, and as much of it. */
async function bytesOf(answer: Response, registry: string, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of answer.body ?? []) {
      size += part.length;
      if (size > most) break;
      parts.push(part);
    }
  } catch (error) {
    throw new EnvironmentError(`${registry} ended in the middle of an answer: ${whyNot(error)}`);
  }
  if (size > most)
    throw new EnvironmentError(`${registry} gives more than ${most / 1024 / 1024} MiB, which no fetcher reads`);
  return Buffer.concat(parts);
}

/** `fetch` says why in the cause of its error only. */
function whyNot(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (/^(ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG|EPROTO)$/.test(code))
    return "it does not speak TLS; if it is on this machine or in a network of yours, add --plain-http";
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code))
    return `its certificate is from no authority that is known here (${code}); NODE_EXTRA_CA_CERTS names a file with more`;
  if (cause instanceof Error && cause.name === "TimeoutError") return "it does not answer";
  const message = cause instanceof Error ? cause.message : String(cause);
  return visible(message === "" ? code : message);
}

const errorsSchema = z.object({ errors: z.array(z.object({ code: z.string(), message: z.string().optional() })) });
/** As much of what a registry says as fits into a line. */
const MOST_SAID = 300;

async function refusal(answer: Response, what: string, registry: string): Promise<EnvironmentError> {
  const text = await answer.text().catch(() => "");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const { data } = errorsSchema.safeParse(value);
  const coded = (data?.errors ?? []).map(({ code, message }) => (message ? `${code}: ${message}` : code)).join("; ");
  // Whoever is in front of a registry, or in its place, may say it in a sentence.
  const isSentence =
    data === undefined && /^(text\/plain\b|$)/.test(answer.headers.get("content-type") ?? "") && !text.startsWith("<");
  const said = isSentence ? text.trim() : coded;
  const reason = said === "" ? "" : `: ${visible(said.slice(0, MOST_SAID))}`;
  return new EnvironmentError(`${what} (status ${answer.status})${reason}${adviceFor(answer.status, registry)}`);
}

function adviceFor(status: number, registry: string): string {
  switch (status) {
    case 401:
      return `; sign in by \`docker login ${registry}\`, and see that DOCKER_CONFIG names the folder of its file if it is not ~/.docker`;
    case 403:
      return "; whoever is signed in may not do that";
    case 404:
      return "; see whether the repository has to be made first, and whether the registry is at this address";
    case 429:
      return "; try again later, as what is there already is not sent twice";
    default:
      return "";
  }
}
