/** What a registry wants to see, by its `www-authenticate` (RFC 9110, 11.6.1; the token specification of distribution). */
export type Challenge =
  | { readonly scheme: "basic" }
  | { readonly scheme: "bearer"; readonly realm: string; readonly service?: string };

/** The first challenge that can be met; undefined if there is none. */
export function challengeIn(header: string): Challenge | undefined {
  const bearer = /(?:^|,\s*)bearer\s+(.*)$/is.exec(header)?.[1];
  if (bearer !== undefined) {
    const parameters = new Map(
      [...bearer.matchAll(/([a-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi)].map(([, name = "", quoted, bare]) => [
        name.toLowerCase(),
        quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "",
      ]),
    );
    const realm = parameters.get("realm");
    const service = parameters.get("service");
    if (realm !== undefined) return { scheme: "bearer", realm, ...(service === undefined ? {} : { service }) };
  }
  return /(?:^|,\s*)basic(?:\s|$)/i.test(header) ? { scheme: "basic" } : undefined;
}
