import type { IncomingMessage } from "node:http";
import { listed } from "../../request/connection.js";
import type { ClientRequest } from "../../request/request.js";
import { textOfWire } from "../../request/wire-text.js";
import { pairsOf } from "../raw-headers.js";

/** A request as Node read it, or the status with which Envoy answers what Node takes and Envoy does not. */
export type Incoming = { client: ClientRequest; hasBody: boolean } | { status: 400 | 403 | 426 | 431; body: boolean };

/** Bytes of a request's head, as Envoy bounds it (`max_request_headers_kb`). */
export const MOST_HEADER_BYTES = 60 * 1024;
/** Lines of headers, as Envoy bounds them (`max_headers_count`). Node leaves out those beyond 2,000 and says nothing, which this covers. */
const MOST_HEADERS = 100;

/** Every header as it was sent; Node's own reading of them, which joins and leaves out, is not looked at. */
export function readIncoming({ httpVersion, method = "", url = "", rawHeaders, socket }: IncomingMessage): Incoming {
  const lines = pairsOf(rawHeaders).map(([name, value]): [string, string] => [name, textOfWire(value)]);
  if (httpVersion !== "1.1") return { status: 426, body: true };
  if (lines.length > MOST_HEADERS) return { status: 431, body: true };
  const hosts = lines.filter(([name]) => name === "host").map(([, value]) => value);
  // An absolute target has a host of its own.
  if (hosts.length === 0 && !/^https?:/i.test(url)) return { status: 400, body: false };
  const isUpgrade = listed(lines, "connection").includes("upgrade");
  const upgrades = listed(lines, "upgrade");
  if (isUpgrade && upgrades.length > 0 && !upgrades.includes("h2c")) return { status: 403, body: false };
  const values = (wanted: string) => lines.filter(([name]) => name === wanted).map(([, value]) => value);
  const hasBody =
    values("transfer-encoding").length > 0 || values("content-length").some((value) => !/^0+$/.test(value));
  return {
    client: {
      method,
      target: url,
      host: hosts.join(","),
      headers: lines.filter(([name, value]) => name !== "host" && !isExpected(name, value)),
      // As Envoy has clients of IPv4 at a listener of both families.
      source: (socket.remoteAddress ?? "").replace(/^::ffff:(?=[0-9.]+$)/, ""),
      time: Date.now(),
    },
    hasBody,
  };
}

/** Envoy answers `100 Continue` itself and hands the header on no further. */
function isExpected(name: string, value: string): boolean {
  return name === "expect" && value.toLowerCase() === "100-continue";
}
