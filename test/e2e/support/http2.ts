import { connect as connectHttp2 } from "node:http2";
import { keepReply } from "../../support/replies.js";
import type { Gateway } from "./serve.js";

/** One call over cleartext HTTP/2; with trailers it has a body, "body", before them. */
export function http2Request(
  gateway: Gateway,
  headers: Record<string, string | string[]>,
  trailers?: Record<string, string>,
): Promise<{ status: number; headers: Record<string, string> }> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(gateway.url(""));
    session.once("error", reject);
    const stream = session.request(headers, {
      waitForTrailers: trailers !== undefined,
      endStream: trailers === undefined,
    });
    const received: Record<string, string> = {};
    stream.on("response", (fields) => {
      for (const [name, value] of Object.entries(fields)) received[name] = String(value);
    });
    stream.once("wantTrailers", () => stream.sendTrailers(trailers ?? {}));
    stream.once("error", reject);
    stream.once("close", () => {
      session.close();
      keepReply(gateway.port(), Object.entries(received).flat(), Buffer.of());
      resolve({ status: Number(received[":status"]), headers: received });
    });
    if (trailers !== undefined) stream.end("body");
    stream.resume();
  });
}

/** The status of a POST over cleartext HTTP/2 as soon as it is known; a small body is one frame. */
export function postOverHttp2(
  gateway: Gateway,
  path: string,
  body: Buffer | string,
  headers: Record<string, string> = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(gateway.url(""));
    session.once("error", reject);
    const stream = session.request({ ":path": path, ":method": "POST", ...headers });
    stream.once("response", (received) => resolve(Number(received[":status"])));
    stream.once("error", reject);
    stream.once("close", () => {
      session.destroy();
      reject(new Error("the stream ended without an answer"));
    });
    stream.resume();
    stream.end(body);
  });
}
