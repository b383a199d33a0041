/** `registry.example.com:5000/sluice/guard:1.0`, or with a digest in place of the tag or behind it. */
export interface Reference {
  /** With its port, if one is named. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest?: string;
}

export type ReadReference =
  | { readonly outcome: "read"; readonly reference: Reference }
  | { readonly outcome: "wrong"; readonly reason: string };

const HOST = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;
/** Grammar of the OCI distribution specification, as the tag's. */
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** @param text with `oci://` or without */
export function readReference(text: string): ReadReference {
  const bare = text.replace(/^oci:\/\//, "");
  const [, name = "", digest] = /^([^@]*)(?:@(.*))?$/s.exec(bare) ?? [];
  const slash = name.indexOf("/");
  const registry = slash < 0 ? "" : name.slice(0, slash);
  // Without a dot, a port or `localhost` it is a part of the repository, and which registry is meant is a habit of some tools.
  if (!HOST.test(registry) || !/[.:]|^localhost$/.test(registry))
    return wrong("it does not begin with the host of a registry, as registry.example.com/sluice/guard:1.0 does");
  const [, repository = "", tag] = /^([^:]*)(?::(.*))?$/s.exec(name.slice(slash + 1)) ?? [];
  if (!REPOSITORY.test(repository) || repository.length > 255)
    return wrong(
      `${JSON.stringify(repository)} is no repository: those have small letters, digits, and . _ - / between`,
    );
  if (tag !== undefined && !TAG.test(tag))
    return wrong(`${JSON.stringify(tag)} is no tag: those have up to 128 letters, digits, and . _ -`);
  if (digest !== undefined && !DIGEST.test(digest))
    return wrong(
      `${JSON.stringify(digest)} is no digest: those are sha256: and 64 hexadecimal digits in small letters`,
    );
  return {
    outcome: "read",
    reference: {
      registry,
      repository,
      ...(tag === undefined ? {} : { tag }),
      ...(digest === undefined ? {} : { digest }),
    },
  };
}

function wrong(reason: string): ReadReference {
  return { outcome: "wrong", reason };
}

/** What a WasmPlugin and an EnvoyExtensionPolicy take for an image that cannot become another. */
export function pinnedUrl({ registry, repository }: Reference, digest: string): string {
  return `oci://${registry}/${repository}@${digest}`;
}

/** Whether nobody else is between this machine and the registry. */
export function isLoopback(registry: string): boolean {
  const host = registry.replace(/:\d+$/, "");
  return host === "localhost" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
