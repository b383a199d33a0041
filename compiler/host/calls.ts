import { Status } from "./abi.js";
import type { Border, HostFunctions } from "./border.js";
import { HeaderMap } from "./header-map.js";
import { deserializePairs, type Pairs } from "./pairs.js";

/** What a service answered, or Envoy in its place. */
export interface CallAnswer {
  readonly headers: HeaderMap;
  readonly body: Uint8Array;
  readonly trailers: HeaderMap | undefined;
}

/** A number of `Status`, and a word about it. */
export interface CallStatus {
  readonly code: number;
  readonly message: string;
}

/** A request of a module to a service, which waits until the test answers it. Texts are byte texts. */
export interface PendingCall {
  readonly cluster: string;
  /** With `:method`, `:path` and `:authority`. */
  readonly headers: Pairs;
  readonly body: Uint8Array;
  readonly trailers: Pairs;
  /** Milliseconds; 0 for none. */
  readonly timeout: number;
  /** Tells the module, at once. A second answer is refused. */
  answer(headers: Pairs, body?: Uint8Array, trailers?: Pairs): void;
  /** The connection broke, or the time was up, when the answer had begun: the module is told of an answer of nothing, at once. */
  breakOff(): void;
}

/** The services that modules can call, and the calls under way, oldest first. */
export class Calls {
  readonly pending: PendingCall[] = [];
  private readonly owners = new WeakMap<PendingCall, Border>();
  private clusters: ReadonlySet<string>;

  constructor(clusters: Iterable<string> = []) {
    this.clusters = new Set(clusters);
  }

  /** Other services in place of those that modules could call. */
  lead(clusters: Iterable<string>): void {
    this.clusters = new Set(clusters);
  }

  has(cluster: string): boolean {
    return this.clusters.has(cluster);
  }

  add(call: PendingCall, owner: Border): void {
    this.pending.push(call);
    this.owners.set(call, owner);
  }

  /** Takes the calls of a VM off. */
  cancelOf(owner: Border): void {
    const others = this.pending.filter((call) => this.owners.get(call) !== owner);
    this.pending.splice(0, this.pending.length, ...others);
  }
}

const STEP = 4;

export function callFunctions(border: Border): HostFunctions {
  const {
    memory,
    environment: { calls },
  } = border;
  let lastToken = 0;
  return {
    proxy_http_call: (
      cluster,
      clusterLength,
      pairs,
      pairsLength,
      body,
      bodyLength,
      more,
      moreLength,
      timeout,
      cell,
    ) => {
      const name = memory.text(cluster, clusterLength);
      const headers = memory.bytes(pairs, pairsLength);
      const content = memory.bytes(body, bodyLength);
      const trailers = memory.bytes(more, moreLength);
      if (name === undefined || headers === undefined || content === undefined || trailers === undefined)
        return Status.InvalidMemoryAccess;
      // Envoy writes 0 before it knows whether the call can be made.
      if (!memory.putWord(cell, 0)) return Status.InvalidMemoryAccess;
      const request = new HeaderMap("request", deserializePairs(headers));
      if ((timeout | 0) < 0 || !calls.has(name) || !isRequest(request)) return Status.BadArgument;
      if (content.length > 0) request.replace("content-length", String(content.length));
      lastToken += STEP;
      memory.putWord(cell, lastToken);
      const call = pendingCall(border, lastToken, {
        cluster: name,
        headers: request.pairs(),
        body: content,
        trailers: deserializePairs(trailers),
        timeout,
      });
      calls.add(call, border);
      return Status.Ok;
    },
    /** Code and message of what went wrong with the latest call. */
    proxy_get_status: (codeCell, startCell, lengthCell) => {
      const { code, message } = border.root().callStatus;
      return memory.putWord(codeCell, code) && memory.giveText(message, startCell, lengthCell)
        ? Status.Ok
        : Status.InvalidMemoryAccess;
    },
  };
}

function isRequest(headers: HeaderMap): boolean {
  return [":method", ":path", ":authority"].every((name) => headers.get(name) !== undefined);
}

function pendingCall(border: Border, token: number, request: Omit<PendingCall, "answer" | "breakOff">): PendingCall {
  const root = border.root();
  const { calls } = border.environment;
  const end = (answer: CallAnswer | undefined) => {
    const index = calls.pending.indexOf(call);
    if (index < 0) throw new Error("the call is answered already");
    calls.pending.splice(index, 1);
    border.tellAnswer(root, token, answer);
  };
  const call: PendingCall = {
    ...request,
    answer: (headers, body = new Uint8Array(0), trailers) =>
      end({
        headers: new HeaderMap("response", headers),
        body,
        trailers: trailers === undefined ? undefined : new HeaderMap("trailers", trailers),
      }),
    breakOff: () => end(undefined),
  };
  return call;
}
