import { JOINED_HEADERS } from "../request/request.js";
import type { Pairs } from "./pairs.js";

// Envoy's header maps, as far as a module can tell (source/common/http/header_map_impl.cc, seen on 1.40): names in lower case, pseudo-headers
// before all others, otherwise in the order in which they were added. Some headers have one value only: another is joined to it.

const JOINED_EVERYWHERE = [
  ...[
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "grpc-message",
    "grpc-status",
  ],
  ...["keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade", "via", "x-request-id"],
];
/** Those of requests beside `JOINED_HEADERS`: the listener writes them, or takes them off. */
const WRITTEN_BY_ENVOY = ["x-envoy-internal", "x-envoy-original-path", "x-forwarded-for", "x-forwarded-proto"];
const JOINED_IN_RESPONSES = [
  ...[
    "access-control-allow-headers",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "age",
    "date",
    "etag",
    "expires",
  ],
  ...["last-modified", "location", "server", "vary", "x-envoy-upstream-service-time"],
];

export type HeaderMapKind = "request" | "response" | "trailers";

const joined: Record<HeaderMapKind, ReadonlySet<string>> = {
  request: new Set([...JOINED_EVERYWHERE, ...JOINED_HEADERS, ...WRITTEN_BY_ENVOY]),
  response: new Set([...JOINED_EVERYWHERE, ...JOINED_IN_RESPONSES]),
  trailers: new Set(["grpc-message", "grpc-status"]),
};

/** Names and values are byte texts. */
export class HeaderMap {
  private readonly kind: HeaderMapKind;
  private entries: { readonly name: string; value: string }[] = [];

  constructor(kind: HeaderMapKind, pairs: Pairs = []) {
    this.kind = kind;
    for (const [name, value] of pairs) this.add(name, value);
  }

  get size(): number {
    return this.entries.length;
  }

  /** Bytes of all names and values, without separators. */
  get byteSize(): number {
    return this.entries.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
  }

  pairs(): [name: string, value: string][] {
    return this.entries.map(({ name, value }) => [name, value]);
  }

  /** The first value. */
  get(name: string): string | undefined {
    const key = this.keyOf(name);
    return this.entries.find((entry) => entry.name === key)?.value;
  }

  /** All values. */
  all(name: string): string[] {
    const key = this.keyOf(name);
    return this.entries.flatMap((entry) => (entry.name === key ? [entry.value] : []));
  }

  add(name: string, value: string): void {
    const key = this.keyOf(name);
    const present = this.isJoined(key) ? this.entries.find((entry) => entry.name === key) : undefined;
    if (present !== undefined) present.value = [present.value, value].filter((one) => one !== "").join(",");
    else this.insert(key, value);
  }

  /** In place of all of its values; it stands last then. */
  replace(name: string, value: string): void {
    this.remove(name);
    this.insert(this.keyOf(name), value);
  }

  remove(name: string): void {
    const key = this.keyOf(name);
    this.entries = this.entries.filter((entry) => entry.name !== key);
  }

  clear(): void {
    this.entries = [];
  }

  private insert(name: string, value: string): void {
    const behindPseudo = this.entries.findIndex((entry) => !entry.name.startsWith(":"));
    const at = name.startsWith(":") && behindPseudo >= 0 ? behindPseudo : this.entries.length;
    this.entries.splice(at, 0, { name, value });
  }

  private isJoined(key: string): boolean {
    return key.startsWith(":") || joined[this.kind].has(key);
  }

  /** `host` is another name of `:authority` to Envoy. Only ASCII letters have a lower case. */
  private keyOf(name: string): string {
    const key = name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
    return key === "host" && this.kind === "request" ? ":authority" : key;
  }
}
