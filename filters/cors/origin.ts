import type { OriginPattern } from "../../compiler/plan/native.js";

const LABELS = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*";
const ORIGIN = new RegExp(`^([a-z][a-z0-9+.-]*)://(\\*\\.)?(${LABELS}|\\[[0-9a-f:.]+\\])(?::([0-9]{1,5}))?$`);
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: "80", https: "443" };

export const ORIGIN_SYNTAX = "an origin is a scheme and a host without path, such as https://shop.example.com, or `*`";

/**
 * Reads an origin as browsers send it (RFC 6454 section 6.2, in lower case and without the default port), one with `*.` for
 * every name below a domain, or `*`. Returns a sentence when it is none of them or could never be equal to what is sent.
 */
export function parseOrigin(text: string): OriginPattern | string {
  if (text === "*") return { form: "any" };
  if (text === "null")
    return "`null` is what browsers send for sandboxed frames and local files, so anybody can be that origin";
  const match = ORIGIN.exec(text);
  if (match === null) return faultOf(text);
  const [, scheme = "", wildcard, host = "", port] = match;
  if (port !== undefined && (DEFAULT_PORTS[scheme] === port || Number(port) > 65_535 || port.startsWith("0")))
    return `browsers never send the port ${port} here: they leave out the default port, and none is above 65535`;
  if (wildcard === undefined) return { form: "exact", origin: text };
  if (!host.includes("."))
    return `\`*.${host}\` would take in the names of everybody; \`*.\` stands before a domain of your own`;
  return { form: "below", scheme, domain: host, port: port === undefined ? "" : `:${port}` };
}

function faultOf(text: string): string {
  if (/[A-Z]/.test(text)) return "browsers send origins in lower case";
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/]+\//.test(text))
    return "an origin ends after host and port, without a path or a slash";
  if (text.includes("*")) return "`*` stands alone, or as `*.` before a domain, such as https://*.example.com";
  return ORIGIN_SYNTAX;
}

/** Origins that anybody between browser and server can pretend to be; a browser's own machine is none of them. */
export function isPlainHttp(text: string): boolean {
  return text.startsWith("http://") && !/^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(text);
}
