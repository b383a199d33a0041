import { z } from "zod";
import { listenerAccessLog } from "./access-log.js";
import { listenerErrors } from "./errors.js";
import { http3Port, listenerProtocols, listenerTls } from "./transport.js";
import { hostPort, name } from "./values.js";

/** Where clients connect to, how many trusted proxies stand in front, and how strict it is about what they send. */
export const listener = z
  .strictObject({
    address: hostPort
      .describe(
        "IP address and port to listen on; port 0 lets the system choose one. `[::]` takes connections to every address, of IPv4 too, and `0.0.0.0` to every address of IPv4.",
      )
      .meta({ examples: ["0.0.0.0:8080", "[::]:8080"] }),
    direction: z
      .enum(["inbound", "outbound"])
      .default("inbound")
      .describe(
        "`outbound`: for calls that programs of this machine make, beside a service as its sidecar. Such a listener has routes of its own: those that name it, and one for each of the `hosts` of services.",
      ),
    capture: z
      .boolean()
      .default(false)
      .describe(
        "Whether the kernel sends connections here that were meant for other addresses, by a rule of its firewall (`REDIRECT`). They are served by the listener that says `capturedBy` and has that address, or else by this one.",
      ),
    capturedBy: name
      .optional()
      .describe(
        "Name of a listener with `capture`. This one is not bound to its address: it serves the connections to it that the other one takes.",
      )
      .meta({ examples: ["inbound"] }),
    trustedHops: z
      .int()
      .min(0)
      .max(100)
      .default(0)
      .describe(
        "How many proxies in front are trusted to append to x-forwarded-for. 0: the peer address is the client.",
      ),
    escapedSlashes: z
      .enum(["reject", "unescape", "keep"])
      .default("reject")
      .describe("What to do with %2F and %5C in a path. `reject` answers 400."),
    headerUnderscores: z
      .enum(["reject", "drop", "allow"])
      .default("reject")
      .describe("What to do with header names that contain an underscore. `reject` answers 400."),
    tls: listenerTls.optional(),
    protocols: listenerProtocols,
    http3Port,
    accessLog: listenerAccessLog.optional(),
    errors: listenerErrors.optional(),
    decisionHeader: z
      .boolean()
      .default(false)
      .describe(
        "Tells clients in `x-sluice-decision` which policy decided, and why: `partners-only denied unknown-credential`. For debugging: it shows the names of policies and rules.",
      ),
  })
  .describe("One address that clients connect to.");
