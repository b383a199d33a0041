// The policy of the bench with the published AssemblyScript SDK, as its examples are written: a header is asked for where it is needed.
// Configuration: `CALLS NAME` in the first line, then `KEY CONSUMER TIER GROUPS` for each caller.
export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";

import {
  Context,
  FilterHeadersStatusValues,
  get_current_time_nanoseconds,
  HeaderPair,
  makeHeaderPair,
  RootContext,
  registerRootContext,
  send_http_response,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

class Consumer {
  tokens: f64 = 0;
  filled: u64 = 0;

  constructor(
    public name: string,
    public tier: string,
    public groups: string,
  ) {}
}

class Root extends RootContext {
  rate: f64 = 0;
  limit: string = "";
  told: string = "";
  consumers: Map<string, Consumer> = new Map();

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const lines = this.getConfiguration().split("\n");
    const first = lines[0].split(" ");
    if (first.length != 2) return false;
    this.rate = parseFloat(first[0]);
    this.limit = first[1];
    this.told = `"${first[1]}";q=${first[0]};w=1`;
    for (let i = 1; i < lines.length; i++) {
      const parts = lines[i].split(" ");
      if (parts.length != 4) return false;
      const consumer = new Consumer(parts[1], parts[2], parts[3]);
      consumer.tokens = this.rate;
      this.consumers.set(parts[0], consumer);
    }
    return true;
  }

  createContext(id: u32): Context {
    return new Call(id, this);
  }
}

class Call extends Context {
  left: i32 = 0;

  constructor(
    id: u32,
    private root: Root,
  ) {
    super(id, root);
  }

  onRequestHeaders(_headers: u32, _end: bool): FilterHeadersStatusValues {
    const headers = stream_context.headers.request;
    const key = headers.get("x-api-key");
    if (!this.root.consumers.has(key)) return refuse(401, "Unauthorized");
    const consumer = this.root.consumers.get(key);
    const method = headers.get(":method");
    if (method != "GET" && !(method == "POST" && headers.get(":path").startsWith("/orders/drafts/")))
      return refuse(403, "Forbidden");
    const now = get_current_time_nanoseconds();
    const gained = (<f64>(now - consumer.filled) * this.root.rate) / 1e9;
    consumer.tokens = min(this.root.rate, consumer.tokens + gained);
    consumer.filled = now;
    if (consumer.tokens < 1) return refuse(429, "Too Many Requests");
    consumer.tokens -= 1;
    this.left = <i32>consumer.tokens;
    headers.remove("x-api-key");
    headers.replace("x-consumer", consumer.name);
    headers.replace("x-consumer-tier", consumer.tier);
    headers.replace("x-consumer-groups", consumer.groups);
    return FilterHeadersStatusValues.Continue;
  }

  onResponseHeaders(_headers: u32, _end: bool): FilterHeadersStatusValues {
    const headers = stream_context.headers.response;
    headers.replace("ratelimit", `"${this.root.limit}";r=${this.left};t=1`);
    headers.replace("ratelimit-policy", this.root.told);
    return FilterHeadersStatusValues.Continue;
  }
}

function refuse(status: u32, title: string): FilterHeadersStatusValues {
  const body = String.UTF8.encode(`{"type":"about:blank","title":"${title}","status":${status}}`);
  const headers: HeaderPair[] = [makeHeaderPair("content-type", "application/problem+json")];
  send_http_response(status, "", body, headers);
  return FilterHeadersStatusValues.StopIteration;
}

registerRootContext((id: u32) => new Root(id), "bench");
