import { byteTextOf } from "../host/byte-text.js";
import type { Pairs } from "../host/pairs.js";
import type { Suite } from "./suite.js";

/** What a service answers to every request. Header values are byte texts. */
export interface UpstreamAnswer {
  status: number;
  headers: Pairs;
  /** Empty where the status has none. */
  content: Uint8Array;
}

/** The answer of a service as a test file says; 200 without a body if it says nothing of it. */
export function upstreamAnswer(upstreams: Suite["upstreams"], service: string): UpstreamAnswer {
  const upstream = Object.hasOwn(upstreams, service) ? upstreams[service] : undefined;
  const { status = 200, headers = {}, body, json } = upstream ?? {};
  const bodyless = status === 204 || status === 304;
  const content = Buffer.from(json === undefined ? (body ?? "") : JSON.stringify(json));
  const pairs = Object.entries(headers).map(([name, value]) => [name, byteTextOf(Buffer.from(value))] as const);
  const saysType = pairs.some(([name]) => name === "content-type");
  return {
    status,
    headers: [
      ...pairs.filter(([name]) => bodyless || name !== "content-length"),
      ...(json === undefined || saysType ? [] : [["content-type", "application/json"] as const]),
      ...(bodyless ? [] : [["content-length", String(content.length)] as const]),
    ],
    content: bodyless ? new Uint8Array(0) : content,
  };
}
