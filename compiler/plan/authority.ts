/**
 * What a request may give as its host, as an RE2 expression: a name of letters, digits, `-` and `_` between single dots,
 * which an IPv4 address is too, or an IPv6 address in brackets; then perhaps a port.
 *
 * RFC 3986 section 3.2 has more: a user, percent-encoding, `;` and its like. All of that is an unknown name to Envoy, while a
 * service may read a known one in it. So is what no host is: two `Host` lines, which arrive joined by a comma (RFC 9112
 * section 3.2), a dot at the end that is left after Envoy removed one, two ports, nothing at all (RFC 9110 section 4.2.1).
 */
export const AUTHORITY =
  "([A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*|\\[[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*\\])(:[0-9]*)?";

const WHOLE = new RegExp(`^(?:${AUTHORITY})$`);

/** The name that the virtual host is chosen by: in lower case, without the port. Undefined if the authority is none of the above. */
export function nameOfAuthority(authority: string): string | undefined {
  return WHOLE.exec(authority)?.[1]?.toLowerCase();
}
