import { HTTP1_METHODS } from "../policy/methods.js";
import type { ClientRequest } from "./request.js";

const LARGEST_LENGTH = 2n ** 64n - 1n;

/** What Envoy's parser of HTTP/1.1 answers by itself: methods that it does not know, and bodies whose end it cannot tell. */
export function refusedByParser({
  method,
  headers,
}: Pick<ClientRequest, "method" | "headers">): { status: 400 | 501; reason: string } | undefined {
  if (method === "CONNECT" && headers.some(([name]) => name === "transfer-encoding"))
    return { status: 501, reason: "Envoy takes no transfer-encoding with CONNECT" };
  if (!HTTP1_METHODS.includes(method)) return { status: 400, reason: `Envoy takes no method ${method} over HTTP/1.1` };
  const lengths = headers.filter(([name]) => name === "content-length").map(([, value]) => value);
  const [length] = lengths;
  if (lengths.length > 1) return { status: 400, reason: "there are two content-length headers" };
  if (length !== undefined && !(/^[0-9]+$/.test(length) && BigInt(length) <= LARGEST_LENGTH))
    return { status: 400, reason: "content-length is not a number of bytes (RFC 9110, section 8.6)" };
  const codings = headers.filter(([name]) => name === "transfer-encoding").map(([, value]) => value);
  if (codings.length === 0) return undefined;
  if (length !== undefined) return { status: 400, reason: "there are content-length and transfer-encoding" };
  if (codings.length === 1 && codings[0]?.toLowerCase() === "chunked") return undefined;
  return { status: 501, reason: "Envoy knows no transfer-encoding but chunked" };
}
