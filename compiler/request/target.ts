import type { ClientRequest } from "./request.js";

/** A target as a path, and the host that is asked for. */
export interface Target {
  path: string;
  host: string;
}

/** What a client may write as a host: Envoy looks at its characters only. */
const HOST = /^[A-Za-z0-9!$%&'()*+,\-.:;=@[\]_~]*$/;

/** An absolute form (RFC 9112, section 3.2.2): scheme, perhaps a user, host with port, the rest. */
const ABSOLUTE = /^(https?):\/\/(?:[^/?#@\\]*@)?((?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?)(\/.*|\?.*|)$/i;

/**
 * Takes the target of a request line apart, as Envoy's parser does. The host of an absolute form is the one that counts, and the
 * user in it is left out; what the Host header says is not looked at then.
 */
export function readTarget({
  method,
  target,
  host,
  scheme: own = "http",
}: Pick<ClientRequest, "method" | "target" | "host" | "scheme">): Target | { status: 400 | 403; reason: string } {
  if (/[^\x21-\x7e]/.test(target))
    return { status: 400, reason: "the target has a character that is not visible ASCII" };
  if (target.startsWith("/") || (/^\*/.test(target) && method === "OPTIONS")) {
    if (HOST.test(host)) return { path: target, host };
    return { status: 400, reason: "the host has a character that no host has (RFC 3986, section 3.2)" };
  }
  const [, scheme, named, path] = ABSOLUTE.exec(target) ?? [];
  if (scheme === undefined || named === undefined || path === undefined)
    return { status: 400, reason: "the target does not start with `/`" };
  if (scheme.toLowerCase() === "https" && own === "http")
    return { status: 403, reason: "the target asks for https on a connection without TLS" };
  return { path: path === "" ? "/" : path, host: named };
}
