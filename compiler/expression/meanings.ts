import type { OperationName, SpecialName } from "./operations.js";

/** What the words of the expression language mean, for people; the language reference is made from them. */

export const ATTRIBUTE_MEANINGS: Readonly<Record<string, string>> = {
  "auth.claims":
    'a claim of the token, as it is in a header: a text, the digits of a number, `true` or `false`; objects and lists have no value, but `"x" in auth.claims.roles` looks into a list',
  "auth.consumer": "name of the consumer whose credential the request has",
  "auth.groups": "groups of the consumer; empty if it has none",
  "auth.issuer": "who vouches for the caller: the issuer of its token",
  "auth.method": "how the caller is known, such as `apiKey`",
  "auth.scopes": "what the caller's token is good for, its `scope` or `scp`; empty if it has none",
  "auth.subject": "the caller as the issuer of its token names it; missing if the token does not",
  "auth.tier": "tier of the consumer; missing if it has none",
  "request.cookies": "value of a cookie, as it was sent; unknown if two have the name",
  "request.headers":
    "value of a header, by its name in any letter case; unknown if two lines have it, but for the few that Envoy joins by commas",
  "request.host":
    "host that is asked for, in lower case and without port; unknown if it is neither a name of letters, digits, `-`, `_` and single dots nor an IP address",
  "request.id": "the identifier that Envoy gives the request",
  "request.method": "method, such as `GET`",
  "request.path":
    "path without query, after Envoy resolved `.` and `..`, merged slashes and decoded what needs no encoding",
  "request.protocol": "version of HTTP, such as `HTTP/1.1`",
  "request.query":
    "value of a query parameter, percent-decoded, `+` as a space; unknown if two have the name or one is badly encoded",
  "request.scheme":
    "`http` or `https`, as the client of the outermost trusted proxy sees it; unknown if that proxy says anything else",
  "request.size":
    "length of the body in bytes, as the request announces it (Content-Length); 0 if the request ends with its headers, missing if the body comes in chunks",
  "request.time": "when the request came",
  "response.duration": "how long it took until the answer was over, from the first byte of the request",
  "response.headers": "value of a header of the answer, by its name in any letter case; unknown if two lines have it",
  "response.status": "status code of the answer; 0 where the client left before there was one",
  "route.name": "name of the route in the policy file",
  "route.params":
    "the segment that the path of the route captures under a name, percent-decoded; unknown if badly encoded",
  "soap.operation": "name of the operation that the request is converted for; missing where it is for none",
  "source.ip": "address of the client, behind as many proxies as `trustedHops` says",
  "source.port": "port of the peer",
  "source.principal":
    "the name in the client certificate that the listener verified: its one URI or, where it has none, its one DNS name in small letters; missing without a certificate, unknown if it has several or none",
};

export const OPERATION_MEANINGS: Readonly<Record<OperationName | SpecialName, string>> = {
  "==": "equal; strings by their bytes",
  "!=": "not equal",
  "<": "less; strings by their code points",
  "<=": "less or equal",
  ">": "greater",
  ">=": "greater or equal",
  in: 'one of a list; `"x-a" in request.headers` is `has(request.headers["x-a"])`, also of `query` and `cookies`',
  startsWith: "begins with",
  endsWith: "ends with",
  contains: "has somewhere in it",
  size: "number of characters, or of items",
  lowerAscii: "with the letters A to Z in lower case",
  int: "the number that a string is; unknown if it is none",
  string: "as a string",
  has: "whether the attribute is there, once or more often; never unknown",
  cidr: "whether an IP address lies in a block of addresses; unknown if it is no address",
  duration: "a length of time; compares only with `response.duration`",
  timestamp: "a point in time",
  matches: "whether a part of the string matches an RE2 expression; the whole of it with `^` and `$`",
};
