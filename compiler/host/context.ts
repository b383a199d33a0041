import type { Attribute } from "./attributes.js";
import type { Body } from "./body.js";
import type { CallAnswer, CallStatus } from "./calls.js";
import type { HeaderMap } from "./header-map.js";
import type { LocalReply } from "./local-reply.js";
import type { Ticker } from "./timers.js";

/** What the ABI knows by a number: the VM itself (0), a plugin (a root), a stream of a plugin. */
export type Context = VmContext | RootContext | StreamContext;

export interface VmContext {
  readonly sort: "vm";
  readonly id: 0;
}

export interface RootContext {
  readonly sort: "root";
  readonly id: number;
  readonly plugin: Plugin;
  /** While the module is told that its configuration is here. */
  configuring: boolean;
  /** While the module is told of an answer. */
  answer: CallAnswer | undefined;
  /** What `proxy_get_status` tells. */
  callStatus: CallStatus;
  ticker: Ticker | undefined;
}

export interface StreamContext {
  readonly sort: "stream";
  readonly id: number;
  readonly root: RootContext;
  readonly stream: StreamFace;
}

/** One entry of the filter chain. Texts are byte texts. */
export interface Plugin {
  /** `name` of the configuration of the filter. */
  readonly name: string;
  readonly rootId: string;
  readonly configuration: Uint8Array;
}

export type StreamPart = "request" | "response";

/** What the chapters of the ABI see of a stream. */
export interface StreamFace {
  /** A map that can be changed now. */
  map(part: StreamPart, section: "headers" | "trailers"): HeaderMap | undefined;
  /** A map that can be read now: in the log the headers of both are there again. */
  readableMap(part: StreamPart, section: "headers" | "trailers"): HeaderMap | undefined;
  readonly isLogging: boolean;
  /** The part of the body at hand, or all of it that is held. */
  body(part: StreamPart): Body | undefined;
  /** Values of `set_property` by path, as bytes. */
  readonly filterState: Map<string, Uint8Array>;
  /** @returns undefined if Envoy has no such attribute, or the stream has none now */
  attribute(path: readonly string[]): Attribute | undefined;
  clearRouteCache(): void;
  /** Sent when the callback has returned. */
  reply(reply: LocalReply): void;
  resume(part: StreamPart): void;
  close(part: StreamPart): void;
}
