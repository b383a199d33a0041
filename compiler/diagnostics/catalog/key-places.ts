import type { Section } from "./entry.js";

/** SL056x: keys in URLs, and digests of bodies. */
export const keyPlaces = {
  SL0560: {
    severity: "warning",
    fix: "suggested",
    message: "a key in the query, `{name}`, ends up in logs and histories of others",
    help: `Browsers keep the addresses that they open, and send them to other sites as referrers; proxies in between write them into their logs. The gateway takes the key out before
the service sees the path, and writes it into no log of its own. What happened to it on the way there it cannot undo. A header is not kept in that way.

    - apiKey: { query: api_key }        # SL0560
    - apiKey: { header: x-api-key }

Where clients can send nothing but a URL, say so with a reason:

    - apiKey: { query: api_key }        # sluice-ignore: SL0560 links in calendars`,
  },
  SL0561: {
    severity: "error",
    fix: "safe",
    message: "`maxBody` has no effect: `content-digest` is not among the components",
    help: `A body is held and compared only where the signature covers its digest. To have callers sign what is in the body, name the component; else leave the bound away. A limit on
bodies of any kind is \`bodyLimit\`.

    - hmac: { components: ["@method", "@path"], maxBody: 1Mi }                      # SL0561
    - hmac: { components: ["@method", "@path", content-digest], maxBody: 1Mi }`,
  },
  SL0562: {
    severity: "error",
    message:
      "`{policy}` compares bodies with what was signed of them, and a WebSocket of `{route}` has no body that ends",
    help: `Behind the headers of a WebSocket come its messages, for as long as it lasts. Nobody signed them, and holding them until they are whole would hold them for ever.

Give the WebSocket a route of its own, with a policy whose signatures do not cover \`content-digest\`.`,
  },
  SL0563: {
    severity: "error",
    message:
      "`{route}` is chosen by the cookie `{cookie}`, which `{policy}` takes out of the request before it is converted",
    help: `A request that was converted finds the way to its service by what its route asks for, and the cookie with the key is gone by then. Choose the route by something else, or let the key
stay with \`forward: true\`.`,
  },
} as const satisfies Section<"05">;
